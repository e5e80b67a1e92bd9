//! Work that takes time: on threads of its own, heard of, answered and stopped by the thread of Python that asked for it.

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

use crate::error::{exception, in_words};

/// How often signals are looked for, and steps are told.
const OFTEN: Duration = Duration::from_millis(50);

/// How long interrupted work may take to end before it is left behind. It ends at its next step, and its result is dropped.
const PATIENCE: Duration = Duration::from_millis(700);

/// Stack of a thread, in bytes: as the main thread has.
const STACK: usize = 8 << 20;

/// What work tells, and asks.
enum Message<T> {
    Step { phase: &'static str, done: usize, total: usize, loss: f64 },
    Notice(String),
    Ask(Question),
    Done(std::thread::Result<Result<T>>),
}

/// Something to be done by the thread of Python that waits for the work.
type Question = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

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

impl<T> Watch<T> {
    /// Through which any thread of the work can ask something of Python.
    pub fn asker(&self) -> Asker<T> {
        Asker(self.told.clone())
    }
}

/// Asks something of Python: on the thread that waits for the work, which hears Ctrl-C and raises what goes wrong.
pub struct Asker<T>(Sender<Message<T>>);

impl<T> Asker<T> {
    /// The answer to `question`.
    ///
    /// # Errors
    ///
    /// If there is none, as the question raised an exception, which ends the work, or nobody waits for it any more.
    pub fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(Python<'_>) -> PyResult<R> + Send + 'static,
    ) -> Result<R> {
        let (answer, answered) = channel();
        let asked = move |py: Python<'_>| {
            let _ = answer.send(question(py)?);
            Ok(())
        };
        self.0.send(Message::Ask(Box::new(asked))).map_err(|_| stopped())?;
        answered.recv().map_err(|_| stopped())
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
    let built = Arc::new(new_pool(threads)?);
    pools.insert(threads, built.clone());
    Ok(built)
}

fn new_pool(threads: usize) -> PyResult<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK)
        .thread_name(|i| format!("cama-{i}"))
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("cannot start {threads} threads: {error}")))
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
    run_on(py, &*pool(threads)?, listener, work)
}

/// The same for work that asks things of Python. Its threads are its own: they wait for answers, for which Python may have work
/// done here, too, on the threads of [`run`].
///
/// # Errors
///
/// As [`run`], and as what is asked.
pub fn run_asking<T: Send + 'static>(
    py: Python<'_>,
    threads: usize,
    listener: &Bound<'_, PyAny>,
    work: impl FnOnce(&mut Watch<T>) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    run_on(py, &new_pool(threads)?, listener, work)
}

fn run_on<T: Send + 'static>(
    py: Python<'_>,
    pool: &ThreadPool,
    listener: &Bound<'_, PyAny>,
    work: impl FnOnce(&mut Watch<T>) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let (stop, (told, heard)) = (Arc::new(AtomicBool::new(false)), channel());
    let mut watch = Watch { stop: stop.clone(), told: told.clone(), last: Instant::now() };
    pool.spawn(move || {
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
            Ok(Message::Notice(text)) => listener.call_method1("notice", (in_words(&text),)).map(drop),
            Ok(Message::Ask(question)) => question(py),
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
