//! Work that takes time: on threads of its own, heard of and stopped by the thread of Python that asked for it.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cama::{Error, Event, Result};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::exception;

/// How often signals are looked for, and steps are told.
const OFTEN: Duration = Duration::from_millis(50);

/// How long interrupted work may take to end before it is left behind. It ends at its next step, and its result is dropped.
const PATIENCE: Duration = Duration::from_millis(700);

/// Stack of a thread, in bytes: as the main thread has.
const STACK: usize = 8 << 20;

/// What work tells.
enum Message<T> {
    Step { phase: &'static str, done: usize, total: usize, loss: f64 },
    Notice(String),
    Done(std::thread::Result<Result<T>>),
}

/// Through which work tells what it does, and hears that it should stop.
pub struct Watch<T> {
    stop: Arc<AtomicBool>,
    told: Sender<Message<T>>,
    last: Instant,
}

impl<T> Watch<T> {
    /// Whether to go on.
    pub fn go_on(&self) -> ControlFlow<()> {
        match self.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// An observer of the library's loops. That nobody listens any more is no reason to stop.
    pub fn observe(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Step { phase, done, total, loss } if done == total || self.last.elapsed() > OFTEN => {
                self.last = Instant::now();
                let _ = self.told.send(Message::Step { phase: phase.name(), done, total, loss });
            }
            Event::Notice(text) => {
                let _ = self.told.send(Message::Notice(text.to_string()));
            }
            _ => {}
        }
        self.go_on()
    }
}

/// What stopped work says.
pub fn stopped() -> Error {
    Error::Interrupted("nothing was kept".into())
}

/// Threads, by their number. A forked process has none of its parent's, so each process makes its own.
static POOLS: Mutex<Option<(u32, Pools)>> = Mutex::new(None);

/// By how many threads they have.
type Pools = HashMap<usize, Arc<ThreadPool>>;

fn pool(threads: usize) -> PyResult<Arc<ThreadPool>> {
    // Python's own lock is held meanwhile, so no fork can come while this one is.
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if pools.as_ref().is_some_and(|(of, _)| *of != process) {
        // Their threads are not here: nothing of them can be ended.
        std::mem::forget(pools.take());
    }
    let (_, pools) = pools.get_or_insert_with(|| (process, HashMap::new()));
    if let Some(pool) = pools.get(&threads) {
        return Ok(pool.clone());
    }
    let built = ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK)
        .thread_name(|i| format!("cama-{i}"))
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("cannot start {threads} threads: {error}")))?;
    let built = Arc::new(built);
    pools.insert(threads, built.clone());
    Ok(built)
}

/// Does `work` on so many threads, on all cores with 0, while other threads of Python go on. `listener` hears of it by its
/// methods `step(phase, done, total, loss)` and `notice(text)`.
///
/// # Errors
///
/// As `work`, as the listener, and `KeyboardInterrupt` within a second of Ctrl-C.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    threads: usize,
    listener: &Bound<'_, PyAny>,
    work: impl FnOnce(&mut Watch<T>) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let (stop, (told, heard)) = (Arc::new(AtomicBool::new(false)), channel());
    let mut watch = Watch { stop: stop.clone(), told: told.clone(), last: Instant::now() };
    pool(threads)?.spawn(move || {
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut watch)));
        let _ = told.send(Message::Done(done));
    });
    let heard = Mutex::new(heard);
    let mut failed: Option<(PyErr, Instant)> = None;
    loop {
        let message = py.detach(|| receive(&heard));
        match message {
            Ok(Message::Done(_)) if failed.is_some() => {}
            Ok(Message::Done(Ok(done))) => return done.map_err(exception),
            Ok(Message::Done(Err(_))) | Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err(
                    "cama failed within itself; please report it, with the message above",
                ));
            }
            _ => {}
        }
        let ended = matches!(message, Ok(Message::Done(_)));
        if let Some((error, _)) = failed.take_if(|(_, since)| ended || since.elapsed() > PATIENCE) {
            return Err(error);
        }
        if failed.is_some() {
            continue;
        }
        let told = match message {
            Ok(Message::Step { phase, done, total, loss }) => {
                listener.call_method1("step", (phase, done, total, loss)).map(drop)
            }
            Ok(Message::Notice(text)) => listener.call_method1("notice", (text,)).map(drop),
            _ => Ok(()),
        };
        if let Err(error) = told.and_then(|()| py.check_signals()) {
            stop.store(true, Ordering::Relaxed);
            failed = Some((error, Instant::now()));
        }
    }
}

fn receive<T>(heard: &Mutex<Receiver<Message<T>>>) -> std::result::Result<Message<T>, RecvTimeoutError> {
    heard.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(OFTEN)
}
