fn main() { println!("{}", work::work(9000000)); }
