"""The Rust adapter keeps the contract."""

import pytest

from harness.testing import AdapterConformance

pytestmark = pytest.mark.needs("rustc")

READ_N = "let n: u64 = std::env::args().nth(1).unwrap().parse().unwrap();"


class TestRust(AdapterConformance):
    adapter = "rust"
    suffix = ".rs"
    option = "flags"
    steady = True
    changes = (("flags", ["-O"]), ("edition", "2018"), ("library_dirs", ["."]))
    program = f"""\
fn main() {{
    {READ_N}
    println!("{{}}", (1..=n).fold(0u64, |sum, i| sum + i));
}}
"""
    wrong = 'fn main() { println!("7"); }\n'
    failing = "fn main() { std::process::exit(3); }\n"
    hanging = "fn main() { std::thread::sleep(std::time::Duration::from_secs(90)); }\n"
    broken = "fn main() {\n    undeclared();\n}\n"
    broken_says = "sum.rs:2:5"
    reading = """\
use std::io::BufRead;

fn main() {
    let lines = std::io::stdin().lock().lines();
    let sum: u64 = lines.map(|line| line.unwrap().parse::<u64>().unwrap()).sum();
    println!("{}", sum);
}
"""
    marked = f"""\
use harness_phases::phase;

fn main() {{
    {READ_N}
    println!("{{}}", phase("sum", || (1..=n).fold(0u64, |sum, i| sum + i)));
}}
"""
