//! Errors as one line for people and an exit code for programs.

use std::io::ErrorKind;
use std::process::ExitCode;

use cama::Error;

use crate::interrupt::INTERRUPTED;
use crate::session::note;

/// The input cannot be used: the user can do something about it.
pub const BAD_INPUT: u8 = 2;
/// Anything else.
const OTHER: u8 = 1;

/// Prints what went wrong and says which exit code it has.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        // Whoever read the output has seen enough.
        return ExitCode::SUCCESS;
    }
    note(format_args!("error: {}", message(error)));
    ExitCode::from(code(error))
}

/// The error with its causes, less those that it tells itself.
fn message(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        told if told.ends_with(&cause) => told.into(),
        told => format!("{told}: {cause}"),
    })
}

fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<Error>() {
        Some(Error::Interrupted(_)) => INTERRUPTED,
        Some(_) => BAD_INPUT,
        None => OTHER,
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_the_users_mistakes_from_ours() {
        let code = |error: anyhow::Error| super::code(&error);
        assert_eq!(code(Error::Interrupted("now".into()).into()), INTERRUPTED);
        assert_eq!(code(Error::config("epochs", 0, "at least 1").into()), BAD_INPUT);
        assert_eq!(code(anyhow::Error::new(Error::Mismatch("x".into())).context("while testing")), BAD_INPUT);
        assert_eq!(code(anyhow::anyhow!("a bug")), OTHER);
    }

    #[test]
    fn causes_are_told_once() {
        let gone = || std::io::Error::other("it is gone");
        let error = anyhow::Error::new(Error::io("read", "x")(gone()));
        assert_eq!(message(&error), "cannot read x: it is gone");
        assert_eq!(message(&error.context("while testing")), "while testing: cannot read x: it is gone");
        assert_eq!(message(&anyhow::Error::new(gone()).context("no")), "no: it is gone");
    }

    #[test]
    fn a_reader_that_stops_reading_is_no_failure() {
        let pipe = std::io::Error::from(ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&anyhow::Error::new(pipe).context("cannot write")));
        assert!(!is_closed_pipe(&anyhow::anyhow!("else")));
    }
}
