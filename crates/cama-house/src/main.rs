//! Checks the workspace in the present folder, and ends with 1 if something is wrong with it.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cama_house::problems(Path::new(".")) {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}"));
            eprintln!("{} problems; crates/cama-house/src/lib.rs says what is checked", problems.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cannot check the workspace: {error}");
            ExitCode::FAILURE
        }
    }
}
