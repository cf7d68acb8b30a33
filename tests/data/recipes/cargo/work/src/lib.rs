pub fn work(n: u64) -> u64 {
    let mut sum = 0;
    for i in 0..n {
        sum += std::hint::black_box(i);
    }
    sum
}
