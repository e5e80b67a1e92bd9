//! Progress on standard error: bars on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::Instant;

use cama::{Epoch, Event, Phase};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
use crate::session::{Session, note};

/// Watches the loops of the library, shows how far they are, and stops them on Ctrl-C.
pub struct Reporter<'a> {
    session: &'a Session,
    terminal: bool,
    epochs: usize,
    running: Option<Running>,
}

/// The loop that is running.
struct Running {
    phase: Phase,
    bar: ProgressBar,
    /// When its first step was done, and how many were by then: a resumed loop begins in the middle.
    began: (Instant, usize),
}

impl<'a> Reporter<'a> {
    /// A reporter of what the session lets be seen.
    pub fn new(session: &'a Session) -> Self {
        Self { session, terminal: std::io::stderr().is_terminal(), epochs: 0, running: None }
    }

    /// With the number of epochs, for training.
    pub fn epochs(self, epochs: usize) -> Self {
        Self { epochs, ..self }
    }

    /// To be called by a loop after every step.
    pub fn observe(&mut self, event: Event) -> ControlFlow<()> {
        if !self.session.quiet {
            match event {
                Event::Step { phase, done, total, loss } => self.step(phase, done, total, loss),
                Event::Epoch(epoch) => self.epoch(epoch),
                Event::Notice(_) => {}
            }
        }
        if let Event::Notice(notice) = event {
            self.session.warn(notice);
        }
        interrupt::flow()
    }

    fn step(&mut self, phase: Phase, done: usize, total: usize, loss: f64) {
        if self.running.as_ref().is_none_or(|running| running.phase != phase) {
            let bar = bar(total, self.terminal, name(phase));
            bar.set_position(done as u64);
            bar.reset_eta();
            self.running = Some(Running { phase, bar, began: (Instant::now(), done) });
        }
        let Some(Running { bar, began: (began, first), .. }) = &self.running else { return };
        // What is searched for the best number of rounds is shorter than was thought.
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        let seconds = began.elapsed().as_secs_f64();
        let speed = (done - first) as f64 / seconds.max(1e-3);
        bar.set_message(format!("loss {loss:.2}  {speed:.0} steps/s"));
        if done == total {
            bar.finish_and_clear();
            if phase != Phase::Train {
                note(format_args!(
                    "{}{}: {total} steps in {seconds:.0} s, last loss {loss:.2}",
                    self.session.indent,
                    name(phase)
                ));
            }
            self.running = None;
        }
    }

    fn epoch(&mut self, epoch: &Epoch) {
        let Epoch { accuracy, elbo, examples_per_second, seconds, .. } = epoch;
        let line = format!(
            "{}epoch {}/{}: accuracy {accuracy:.4}, ELBO {elbo:.2}, {examples_per_second:.0}/s, {seconds:.0} s",
            self.session.indent, epoch.epoch, self.epochs,
        );
        match &self.running {
            Some(Running { bar, .. }) if self.terminal => bar.println(line),
            _ => note(line),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A bar that counts to `total` on a terminal, and shows nothing elsewhere.
pub fn count(session: &Session, total: usize, what: &'static str) -> ProgressBar {
    bar(total, !session.quiet && std::io::stderr().is_terminal(), what)
}

/// A count of what is done on a terminal, where nobody knows how much there is to do.
pub fn count_up(session: &Session, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>10} {pos}  {per_sec}")
        .expect("a template that is known to parse");
    count(session, 0, what).with_style(style)
}

fn bar(total: usize, visible: bool, what: &'static str) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{prefix:>10} [{bar:30}] {pos}/{len}  {msg}  {eta} left")
        .expect("a template that is known to parse")
        .progress_chars("=> ");
    ProgressBar::with_draw_target(Some(total as u64), target).with_style(style).with_prefix(what)
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Train => "training",
        Phase::Dream => "dreaming",
        Phase::Global => "global m",
        Phase::Adapt => "adapting",
        Phase::Direct => "fitting the direct classifier",
        Phase::Attack => "attacking",
        Phase::Bank => "searching z of clean examples",
    }
}
