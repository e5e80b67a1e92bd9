//! Writes a report of experiments that never took place, to see what reports look like: all of its numbers are invented.
//!
//! ```sh
//! cargo run --release -p cama-experiment --example report -- /tmp/report
//! ```

use std::path::Path;

use cama_experiment::{
    Axis, Block, Claim, Heading, Holds, Outcome, Panel, Point, Reach, Series, write_report,
};

const SEEDS: [u64; 3] = [1, 2, 3];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("give the folder to write to")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let reach = Reach {
        outcomes: vec![shifts(), shares(), families(), picture(folder)?, attacks()],
        left_out: vec![(
            "fig11".into(),
            "the data `photographs:test` is not on this machine; give its folder with --data and run it again".into(),
        )],
    };
    let heading = Heading {
        title: "An example of a report, with invented numbers".into(),
        intro: vec![
            "No experiment has given what is below: numbers, machines and times are made up, to see how a report of \
             experiments looks."
                .into(),
        ],
        version: "0.1.0".into(),
        when: "21 March 2026".into(),
    };
    write_report(folder, &reach, &heading)?;
    println!("{}", folder.join("report.html").display());
    Ok(())
}

/// Two diagrams of six lines.
fn shifts() -> Outcome {
    let methods = [
        ("deep CAMA, adapted", 0.985, 0.10),
        ("deep CAMA", 0.978, 0.30),
        ("convolutional network, adversarially trained", 0.981, 0.62),
        ("convolutional network", 0.991, 0.72),
        ("generative classifier without a manipulation", 0.958, 0.8),
        ("nearest neighbour", 0.965, 0.95),
    ];
    let panel = |title: &str, harder: f64| Panel {
        title: title.into(),
        x: axis("largest shift (share of the height)"),
        y: axis("accuracy"),
        series: (methods.iter())
            .map(|(name, best, loss)| {
                let fall = |x: f64| (best - loss * harder * (x / 0.5).powf(1.6)).max(0.08 + 0.1 * loss);
                series(name, (0..11).map(|i| f64::from(i) * 0.05).map(|x| (x, fall(x))), 2000)
            })
            .collect(),
    };
    Outcome {
        name: "fig7a".into(),
        title: "Accuracy under shifts that were not seen in training".into(),
        paper: Some("Figure 7(a)".into()),
        about: "Every model is trained on clean images and judged on images that are shifted by up to half of their \
                height or width. The adapted model has seen the shifted images without their labels."
            .into(),
        panels: vec![panel("Vertical shifts", 1.0), panel("Horizontal shifts", 0.9)],
        claims: vec![
            claim(true, "Deep CAMA keeps more of its accuracy than discriminative networks under unseen shifts.", Holds::Yes,
                "at a shift of 0.5: 0.678 against 0.271 of the convolutional network"),
            claim(true, "Adaptation without labels improves it further.", Holds::Yes, "0.885 against 0.678 at a shift of 0.5"),
            claim(true, "Accuracy on clean images is not lower.", Holds::Partly, "0.978 against 0.991; within 0.02"),
        ],
        ..outcome("fig7a", 3.4 * 3600.0)
    }
}

/// Shares of the data on a logarithmic axis, with nothing at its beginning.
fn shares() -> Outcome {
    let places = [0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0];
    let line = |name: &str, least: f64, most: f64, half: f64| {
        series(name, places.map(|x: f64| (x, least + (most - least) * x / (x + half))), 5000)
    };
    Outcome {
        title: "How much unlabelled data adaptation needs".into(),
        paper: Some("Figure 9".into()),
        about: "The model is adapted to a share of the shifted test images and judged on the others.".into(),
        panels: vec![Panel {
            title: String::new(),
            x: Axis { logarithmic: true, ..axis("share of the test images adapted to") },
            y: Axis { range: Some([0.5, 1.0]), ..axis("accuracy on the other images") },
            series: vec![
                line("explicit mechanism", 0.62, 0.962, 0.002),
                line("latent M, whole generator", 0.62, 0.93, 0.03),
                line("latent M, its network alone", 0.62, 0.90, 0.01),
            ],
        }],
        claims: vec![
            claim(
                true,
                "A small share of the data suffices.",
                Holds::Yes,
                "0.906 with 1% of the images, 0.961 with all",
            ),
            claim(
                false,
                "An explicit mechanism needs less of it than a latent one.",
                Holds::Yes,
                "90% of the gain with 0.9% against 27%",
            ),
        ],
        ..outcome("fig9", 47.0 * 60.0)
    }
}

/// Nine series beside each other at each of several names.
fn families() -> Outcome {
    let kinds =
        ["clean", "shifted", "rotated by 60°", "scaled", "sheared", "inverted contrast", "salt and pepper"];
    let methods = [
        "deep CAMA, affine",
        "deep CAMA, photometric",
        "deep CAMA, latent",
        "deep CAMA, not adapted",
        "convolutional network",
        "with augmentation",
        "test-time entropy",
        "batch statistics",
        "nearest neighbour",
    ];
    let value = |i: usize, j: usize| match (i, j) {
        (_, 0) => 0.985 - 0.004 * i as f64,
        _ => 0.97 - 0.05 * i as f64 - 0.16 * ((i * 7 + j * 5) % 6) as f64 * (0.25 + 0.09 * i as f64),
    };
    let all = methods.iter().enumerate();
    let all =
        all.map(|(i, name)| series(name, (0..kinds.len()).map(|j| (j as f64, value(i, j).max(0.1))), 1000));
    Outcome {
        title: "Manipulations of every family, and what each method makes of them".into(),
        paper: None,
        about:
            "Which mechanism helps against which manipulation? Each model is adapted to a thousand images."
                .into(),
        panels: vec![Panel {
            title: String::new(),
            x: Axis {
                names: Some(kinds.map(String::from).into()),
                ..axis("manipulation of the test images")
            },
            y: axis("accuracy"),
            series: all.collect(),
        }],
        claims: vec![
            claim(
                false,
                "The mechanism that made the manipulation undoes it best.",
                Holds::Partly,
                "in 4 of 6 families",
            ),
            claim(
                false,
                "Nothing is lost on clean images.",
                Holds::No,
                "0.985 falls to 0.981 with the photometric mechanism",
            ),
        ],
        ..outcome("families", 5.2 * 3600.0)
    }
}

/// A picture in place of a diagram.
fn picture(folder: &Path) -> Result<Outcome, Box<dyn std::error::Error>> {
    let path = folder.join("example-drawing.png");
    let ring = |x: u32, y: u32| {
        let (column, dx, dy) = (x / 90, f64::from(x % 90) - 45.0, f64::from(y % 90) - 45.0);
        let turned = dx + f64::from(column) * dy * 0.12;
        let away = ((turned * 1.5).hypot(dy) - 27.0).abs();
        image::Luma([(255.0 - 255.0 * (-away / 5.0).exp()) as u8])
    };
    image::GrayImage::from_fn(720, 180, ring).save(&path)?;
    Ok(Outcome {
        title: "Images that the model draws under interventions on M".into(),
        paper: Some("Figure 3".into()),
        about: "Each column is do(m) for another m, each row another image.".into(),
        picture: Some(path),
        claims: vec![claim(
            true,
            "M alone changes the manipulation and not the class.",
            Holds::Unknown,
            "not counted, to be seen",
        )],
        ..outcome("fig3", 4.0)
    })
}

/// Two diagrams of different kinds, with warnings.
fn attacks() -> Outcome {
    let strengths = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3];
    let line = |name: &str, best: f64, steep: f64| {
        series(name, strengths.map(|x: f64| (x, best / (1.0 + (steep * x).powi(3)))), 500)
    };
    let names = ["PGD, 10 steps", "PGD, 100 steps", "black box"];
    let bar = |name: &str, values: [f64; 3]| series(name, (0..3).map(|i| (i as f64, values[i])), 500);
    Outcome {
        title: "Attacks on images, and whether gradients are hidden".into(),
        paper: Some("Figure 8".into()),
        about: "White-box attacks that know the whole model, bounded in the largest change of a pixel.".into(),
        panels: vec![
            Panel {
                title: "Projected gradient descent".into(),
                x: axis("largest change of a pixel ε"),
                y: axis("accuracy"),
                series: vec![
                    line("deep CAMA", 0.97, 4.5),
                    line("deep CAMA, adapted", 0.97, 3.2),
                    line("convolutional network", 0.99, 14.0),
                ],
            },
            Panel {
                title: "All attacks at ε = 0.2".into(),
                x: Axis { names: Some(names.map(String::from).into()), ..axis("attack") },
                y: axis("accuracy"),
                series: vec![
                    bar("deep CAMA", [0.52, 0.49, 0.31]),
                    bar("deep CAMA, adapted", [0.76, 0.74, 0.58]),
                    bar("convolutional network", [0.05, 0.02, 0.12]),
                ],
            },
        ],
        claims: vec![claim(true, "Deep CAMA is more robust to gradient attacks without having seen any.", Holds::Yes,
            "0.520 against 0.050 at ε = 0.2")],
        warnings: vec![
            "An attack without gradients does more damage than one with them at ε = 0.2 (0.31 against 0.49): a sign that \
             gradients are masked, so that the accuracy under gradient attacks is too high."
                .into(),
            "Two of twelve adaptations were rolled back by their guard.".into(),
        ],
        ..outcome("fig8", 9.7 * 3600.0)
    }
}

fn outcome(name: &str, seconds: f64) -> Outcome {
    Outcome {
        name: name.into(),
        title: String::new(),
        paper: None,
        about: String::new(),
        scale: "cpu".into(),
        panels: vec![],
        picture: None,
        claims: vec![],
        settings: [("training data", "mnist:train[..10000]"), ("test data", "mnist:test[..2000]"), ("samples K", "100")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        seeds: SEEDS.into(),
        command: format!("cama experiment run experiments/{name}.toml --scale cpu --out reports/example"),
        steps: vec![
            "cama train mnist:train[..10000] --preset fast --epochs 20 --seed 1 --out models/clean-1".into(),
            "cama adapt models/clean-1 --to mnist:test[..2000] --manipulate shift-v:0.5 --seed 1 --out models/adapted-1".into(),
        ],
        seconds,
        machines: vec!["an invented machine with 2 cores".into()],
        date: "2026-03-20".into(),
        warnings: vec![],
    }
}

fn axis(label: &str) -> Axis {
    Axis { label: label.into(), range: None, names: None, logarithmic: false }
}

fn claim(by_paper: bool, says: &str, holds: Holds, numbers: &str) -> Claim {
    let block = if by_paper { Block::Paper } else { Block::Ours };
    Claim { by_paper, block, says: says.into(), holds, numbers: numbers.into() }
}

/// A line with what seeds might have given, and an interval that fits.
fn series(name: &str, points: impl IntoIterator<Item = (f64, f64)>, n: usize) -> Series {
    let point = |(i, (x, y)): (usize, (f64, f64))| {
        let spread = 0.012 * (1.0 + (i as f64 * 1.7 + name.len() as f64).sin());
        let values: Vec<f64> =
            [-1.0, 0.2, 0.8].iter().map(|side| (y + side * spread).clamp(0.0, 1.0)).collect();
        let mean = values.iter().sum::<f64>() / 3.0;
        let half = (1.96 * (mean * (1.0 - mean) / n as f64).sqrt()).max(1.8 * spread);
        Point {
            x,
            y: mean,
            interval: [(mean - half).max(0.0), (mean + half).min(1.0)],
            values,
            n,
            judged: Vec::new(),
        }
    };
    Series { name: name.into(), points: points.into_iter().enumerate().map(point).collect() }
}
