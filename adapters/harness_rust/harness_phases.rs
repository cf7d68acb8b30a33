//! Phases of a program's own work, for the harness.
//!
//!     use harness_phases::phase;
//!     let forces = phase("force", || { ... });
//!
//! Phases nest and repeat; every thread has its own. When `HARNESS_PHASES` names a file, calls and
//! time of each are appended to it when the program exits normally. Without it, `phase` calls the
//! closure and does no more.
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};
use std::time::Instant;

type Totals = HashMap<String, (u64, u128)>;

static FIRST: Once = Once::new();
static TOTALS: Mutex<Option<Totals>> = Mutex::new(None);
static ON: AtomicBool = AtomicBool::new(false);

thread_local! {
    static PATH: RefCell<String> = RefCell::new(String::new());
}

extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
}

extern "C" fn write() {
    let name = std::env::var_os("HARNESS_PHASES");
    let totals = TOTALS.lock().ok().and_then(|mut totals| totals.take());
    if let (Some(name), Some(totals)) = (name, totals) {
        if totals.is_empty() {
            return;
        }
        let mut lines = String::from("harness-phases 1\n");
        for (path, (calls, spent)) in totals.iter() {
            lines += &format!("{}\t{}\t{}\n", calls, spent, path);
        }
        if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(name) {
            let _ = file.write_all(lines.as_bytes());
        }
    }
}

fn is_on() -> bool {
    FIRST.call_once(|| {
        if std::env::var_os("HARNESS_PHASES").is_some() {
            unsafe { atexit(write) };
            *TOTALS.lock().unwrap() = Some(HashMap::new());
            ON.store(true, Ordering::Release);
        }
    });
    ON.load(Ordering::Acquire)
}

/// The way of a phase back to the one around it, by a panic too.
struct Open {
    outer: usize,
    began: Instant,
}

impl Drop for Open {
    fn drop(&mut self) {
        let spent = self.began.elapsed().as_nanos();
        PATH.with(|path| {
            let mut path = path.borrow_mut();
            if let Ok(mut totals) = TOTALS.lock() {
                if let Some(totals) = totals.as_mut() {
                    match totals.get_mut(path.as_str()) {
                        Some(row) => *row = (row.0 + 1, row.1 + spent),
                        None => drop(totals.insert(path.clone(), (1, spent))),
                    }
                }
            }
            path.truncate(self.outer);
        });
    }
}

/// Do the work as a phase of that name, and give back what it gives.
pub fn phase<T>(name: &str, work: impl FnOnce() -> T) -> T {
    if !is_on() {
        return work();
    }
    let outer = PATH.with(|path| {
        let mut path = path.borrow_mut();
        let outer = path.len();
        if outer > 0 {
            path.push('/');
        }
        path.push_str(name);
        outer
    });
    let _open = Open { outer, began: Instant::now() };
    work()
}
