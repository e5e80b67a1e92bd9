//! How much a demonstration does, as command lines that can be typed.

use std::ffi::OsString;
use std::path::Path;

use cama::manipulation::Manipulation;

use crate::flags::{AdaptFlags, Command, TrainFlags, parse};

/// The manipulations: what they are called in files, specified, called in pictures, and in words.
const MANIPULATIONS: [[&str; 4]; 4] = [
    ["moved", "shift-vertical:0.3", "moved up or down", "moved up or down by up to 30% of the height"],
    ["turned", "rotate:60", "turned", "turned by up to 60° either way"],
    [
        "all-at-once",
        "rotate:30+shift-vertical:0.2+contrast:0.2:0.7",
        "turned, moved, faded",
        "turned by up to 30°, moved by up to 20% and faded to two greys, all at once",
    ],
    [
        "half-inverted",
        "invert-part:0.5",
        "half inverted",
        "inverted on one side of a line that cuts them in half",
    ],
];

/// Where test images for judging begin; those before are adapted to.
const TEST_FROM: usize = 5000;

/// How much to do.
pub struct Plan {
    train_images: usize,
    adapt_images: usize,
    test_images: usize,
    /// Samples of z for each class in the judging.
    pub samples: usize,
    train_flags: &'static str,
    adapt_flags: &'static str,
}

/// One manipulation of the demonstration.
#[derive(Clone)]
pub struct Case {
    /// What is done to the images.
    pub manipulation: Manipulation,
    /// The same in a word or two.
    pub title: &'static str,
    /// The same in words.
    pub words: &'static str,
    /// A name for files.
    pub name: String,
}

impl Plan {
    /// Minutes on two cores.
    pub const FULL: Self = Self {
        train_images: 60_000,
        adapt_images: 5000,
        test_images: 1500,
        samples: 4,
        train_flags: "--epochs 3 --direct-epochs 1",
        adapt_flags: "--steps 200",
    };

    /// Seconds.
    pub const QUICK: Self = Self {
        train_images: 600,
        adapt_images: 60,
        test_images: 50,
        samples: 1,
        train_flags: "--epochs 2 --z 8 --hidden 32 --channels 8 --warm-up 2 --dream-steps 10 \
                      --direct-epochs 2 --direct-channels 4 --direct-hidden 16",
        adapt_flags: "--steps 4 --validate-every 2 --batch 16 --validation 20",
    };

    /// What is done to the images.
    pub fn cases(&self) -> Vec<Case> {
        let case = |[name, spec, title, words]: [&'static str; 4]| Case {
            manipulation: Manipulation::parse(spec).expect("a specification that is known to parse"),
            title,
            words,
            name: name.into(),
        };
        MANIPULATIONS.into_iter().map(case).collect()
    }

    /// The clean, labelled images that are trained on.
    pub fn train_data(&self) -> String {
        match self.train_images {
            60_000 => "mnist:train".into(),
            n => format!("mnist:train[..{n}]"),
        }
    }

    /// The images that are adapted to, without their labels.
    pub fn adapt_data(&self) -> String {
        format!("mnist:test[..{}]", self.adapt_images)
    }

    /// Labelled images that nothing was trained on or adapted to.
    pub fn test_data(&self) -> String {
        format!("mnist:test[{TEST_FROM}..{}]", TEST_FROM + self.test_images)
    }

    /// `cama train` into `model`.
    pub fn train(&self, model: &Path, seed: u64) -> (Vec<OsString>, TrainFlags) {
        let mut line = line("train", self.train_flags, seed);
        line.extend(["--data".into(), self.train_data().into(), "--out".into(), model.into()]);
        match parse(&line).1 {
            Command::Train(flags) => (line, *flags),
            _ => unreachable!("the line begins with its command"),
        }
    }

    /// `cama adapt` of `model` into `out`.
    pub fn adapt(&self, case: &Case, model: &Path, out: &Path, seed: u64) -> (Vec<OsString>, AdaptFlags) {
        let mut line = line("adapt", self.adapt_flags, seed);
        line.extend(["--model".into(), model.into(), "--data".into(), self.adapt_data().into()]);
        line.extend([
            "--manipulate".into(),
            case.manipulation.to_string().into(),
            "--out".into(),
            out.into(),
        ]);
        match parse(&line).1 {
            Command::Adapt(flags) => (line, flags),
            _ => unreachable!("the line begins with its command"),
        }
    }

    /// `cama evaluate` of `model`, for the report.
    pub fn evaluate(&self, case: &Case, model: &Path, seed: u64) -> Vec<OsString> {
        let mut line = line("evaluate", &format!("--samples {}", self.samples), seed);
        line.extend(["--model".into(), model.into(), "--data".into(), self.test_data().into()]);
        line.extend(["--manipulate".into(), case.manipulation.to_string().into()]);
        line
    }
}

fn line(command: &str, flags: &str, seed: u64) -> Vec<OsString> {
    let seed = (seed != 0).then(|| format!("--seed={seed}"));
    ["cama", command]
        .into_iter()
        .chain(flags.split(' '))
        .map(Into::into)
        .chain(seed.map(Into::into))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_parses() {
        for plan in [Plan::FULL, Plan::QUICK] {
            assert_eq!(plan.train(Path::new("m"), 3).1.out, Path::new("m"));
            for case in plan.cases() {
                let (line, flags) = plan.adapt(&case, Path::new("m"), Path::new("o"), 0);
                let data = vec![plan.adapt_data().to_string()];
                assert_eq!((flags.model.as_path(), flags.data), (Path::new("m"), data));
                assert!(!line.iter().any(|arg| arg.to_string_lossy().contains("seed")));
                let line = plan.evaluate(&case, Path::new("m"), 0);
                assert!(matches!(parse(&line).1, Command::Evaluate(_)));
            }
        }
    }
}
