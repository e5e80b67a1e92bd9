//! How time grows with sizes: the other commands at many of them, each in a process of its own.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use cama_experiment::{
    Axis, Heading, Outcome, Panel, Point, Reach, Series, machine_in_words, today, write_report,
};
use serde::Serialize;
use serde_json::Value;

use crate::options::CurvesOptions;

/// What is changed, and to what; all else stays as in the `fast` preset with `latent`, or with mechanisms that are undone.
struct Sweep {
    title: &'static str,
    flag: &'static str,
    values: &'static [usize],
    /// What else is asked for.
    more: &'static [&'static str],
    /// Kinds of work that have such a size.
    works: &'static [&'static str],
}

const SWEEPS: [Sweep; 6] = [
    Sweep {
        title: "threads",
        flag: "--threads",
        values: &[1, 2, 4, 8, 16],
        more: &[],
        works: &[TRAIN, PREDICT, ADAPT],
    },
    Sweep {
        title: "images a step",
        flag: "--batch",
        values: &[16, 32, 64, 128, 256],
        more: &[],
        works: &[TRAIN, ADAPT],
    },
    Sweep {
        title: "side of grey images",
        flag: "--side",
        values: SIDES,
        more: OF_AFFINE,
        works: &[TRAIN, PREDICT, ADAPT, RESTORE],
    },
    Sweep {
        title: "side of colour images",
        flag: "--side",
        values: SIDES,
        more: &["--channels", "3", OF_AFFINE[0], OF_AFFINE[1]],
        works: &[TRAIN, PREDICT, ADAPT, RESTORE],
    },
    Sweep {
        title: "classes",
        flag: "--classes",
        values: &[2, 5, 10, 30, 100],
        more: &[],
        works: &[TRAIN, PREDICT, ADAPT],
    },
    Sweep {
        title: "samples K",
        flag: "--samples",
        values: &[1, 3, 10, 30, 100],
        more: &[],
        works: &[PREDICT],
    },
];

/// Those of small drawings, and those that photographs are made.
const SIDES: &[usize] = &[14, 28, 56, 64, 112, 224];

/// Mechanisms that can be undone.
const OF_AFFINE: &[&str] = &["--mechanism", "affine,photometric"];

const TRAIN: &str = "train";
const PREDICT: &str = "predict";
const ADAPT: &str = "adapt";
const RESTORE: &str = "restore";

/// A line of the table.
#[derive(Serialize)]
struct Line {
    work: &'static str,
    sweep: &'static str,
    value: usize,
    seconds: f64,
    low: f64,
    high: f64,
    processor_seconds: Option<f64>,
    measured: u64,
    peak_mib: Option<u64>,
}

/// Measures all curves, and writes `curves.csv`, and figures of what its user and what the data decide.
pub fn run(options: &CurvesOptions) -> anyhow::Result<()> {
    let mut lines: Vec<Line> = Vec::new();
    std::fs::create_dir_all(&options.out)?;
    for sweep in &SWEEPS {
        let most = if sweep.flag == "--threads" { options.threads } else { usize::MAX };
        let kept = if options.quick { 2 } else { sweep.values.len() };
        for &value in sweep.values.iter().filter(|&&value| value <= most).take(kept) {
            for work in sweep.works {
                let line = measure(work, sweep, value, options)?;
                eprintln!("{work:8} {:20} {value:4} {:9.4} s", sweep.title, line.seconds);
                lines.push(line);
            }
        }
    }
    let mut csv = csv::Writer::from_path(options.out.join("curves.csv"))?;
    lines.iter().try_for_each(|line| csv.serialize(line))?;
    csv.flush()?;
    draw(&lines, options)
}

/// Runs this program with one size changed.
fn measure(work: &'static str, sweep: &Sweep, value: usize, options: &CurvesOptions) -> anyhow::Result<Line> {
    let mut flags = vec![work.to_string(), "--device".into(), options.device.clone()];
    let mut flag = |name: &str, value: usize| flags.extend([name.to_string(), value.to_string()]);
    if sweep.flag != "--threads" {
        flag("--threads", options.threads);
    }
    // So few that the largest sizes end within seconds, and not so few that chance decides.
    let large = matches!((sweep.flag, value), ("--side", 56..) | ("--classes", 30..) | ("--batch", 128..));
    match work {
        PREDICT => {
            flag("--images", if large { 10 } else { 40 });
            flag("--steps", 3);
            // A model that distinguishes classes as far as so few steps go.
            flag("--train-steps", if large { 10 } else { 60 });
        }
        RESTORE => {
            flag("--images", if large { 50 } else { 200 });
            flag("--steps", 5);
        }
        _ => flag("--steps", if large { 3 } else { 7 }),
    }
    flag(sweep.flag, value);
    flags.extend(sweep.more.iter().map(|more| more.to_string()));
    let run = Command::new(std::env::current_exe()?).args(&flags).stderr(Stdio::inherit()).output()?;
    ensure!(run.status.success(), "`work {}` failed", flags.join(" "));
    let measured: Value = serde_json::from_slice(&run.stdout)?;
    let number = |value: &Value| value.as_f64().context("every measurement has its seconds");
    // Predictions are of fewer images where they take long.
    let of = measured["images"].as_f64().unwrap_or(1.0);
    Ok(Line {
        work,
        sweep: sweep.title,
        value,
        seconds: number(&measured["seconds"])? / of,
        low: number(&measured["quartiles"][0])? / of,
        high: number(&measured["quartiles"][1])? / of,
        processor_seconds: measured["processor_seconds"].as_f64().map(|seconds| seconds / of),
        measured: measured["measured"].as_u64().unwrap_or_default(),
        peak_mib: measured["peak_mib"].as_u64(),
    })
}

/// Draws two figures as experiments are drawn, and keeps nothing else of their report.
fn draw(lines: &[Line], options: &CurvesOptions) -> anyhow::Result<()> {
    let (of_data, of_use): (Vec<_>, Vec<_>) =
        SWEEPS.iter().partition(|sweep| matches!(sweep.flag, "--side" | "--classes"));
    let folder = tempfile::tempdir()?;
    let outcomes = vec![outcome("curves", &of_use, lines), outcome("curves-data", &of_data, lines)];
    write_report(folder.path(), &Reach { outcomes, left_out: Vec::new() }, &Heading::default())?;
    for name in ["curves.svg", "curves.png", "curves-data.svg", "curves-data.png"] {
        std::fs::copy(folder.path().join("figures").join(name), options.out.join(name))?;
    }
    Ok(())
}

fn outcome(name: &str, sweeps: &[&Sweep], lines: &[Line]) -> Outcome {
    Outcome {
        name: name.into(),
        title: "How time grows with sizes".into(),
        paper: None,
        about: String::new(),
        scale: "cpu".into(),
        panels: sweeps.iter().map(|sweep| panel(sweep, lines)).collect(),
        picture: None,
        claims: Vec::new(),
        settings: Vec::new(),
        seeds: vec![1],
        command: "work curves".into(),
        steps: Vec::new(),
        seconds: 0.0,
        machines: vec![machine_in_words()],
        date: today(),
        warnings: Vec::new(),
    }
}

fn panel(sweep: &Sweep, lines: &[Line]) -> Panel {
    let series = |work: &&'static str| {
        let own = lines.iter().filter(|line| line.sweep == sweep.title && line.work == *work);
        let point = |line: &Line| Point {
            x: line.value as f64,
            y: line.seconds * 1000.0,
            interval: [line.low * 1000.0, line.high * 1000.0],
            values: vec![line.seconds * 1000.0],
            n: line.measured as usize,
            judged: Vec::new(),
        };
        let name = match *work {
            PREDICT | RESTORE => format!("{work}, an image"),
            step => format!("{step}, a step"),
        };
        Series { name, points: own.map(point).collect() }
    };
    let axis = |label: &str| Axis { label: label.into(), range: None, names: None, logarithmic: true };
    Panel {
        title: String::new(),
        x: axis(sweep.title),
        y: axis("milliseconds"),
        series: sweep.works.iter().map(series).collect(),
    }
}
