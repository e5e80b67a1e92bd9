//! What reports must be, whatever is in them.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::*;
use crate::outcome::{Axis, Block, Claim, Holds, Outcome, Panel, Point, Series};

pub(super) fn outcome(name: &str) -> Outcome {
    Outcome {
        name: name.into(),
        title: format!("The experiment {name}"),
        paper: Some("Figure 1(a)".into()),
        about: "Something was done.".into(),
        scale: "smoke".into(),
        panels: vec![],
        picture: None,
        claims: vec![],
        settings: vec![("samples".into(), "100".into())],
        seeds: vec![1, 2],
        command: format!("cama experiment {name}"),
        steps: vec!["cama train".into()],
        seconds: 12.0,
        machines: vec!["two cores".into()],
        date: "2020-12-06".into(),
        warnings: vec![],
    }
}

pub(super) fn panel(series: Vec<Series>) -> Panel {
    let axis = |label: &str| Axis { label: label.into(), range: None, names: None, logarithmic: false };
    Panel { title: String::new(), x: axis("shift (pixels)"), y: axis("accuracy"), series }
}

pub(super) fn series(name: &str, points: &[[f64; 2]]) -> Series {
    let point = |[x, y]: &[f64; 2]| Point {
        x: *x,
        y: *y,
        interval: [y - 0.0625, y + 0.0625],
        values: vec![y - 0.03125, y + 0.03125],
        n: 100,
        judged: vec![],
    };
    Series { name: name.into(), points: points.iter().map(point).collect() }
}

/// Of every kind one, with text that must not be taken for markup wherever there is text.
fn everything(folder: &Path) -> Reach {
    let bad = |what: &str| format!("<script>alert('{what}')</script> & \"{what}\" \u{1b}[0m");
    let picture = folder.join("drawn.png");
    image::RgbImage::from_fn(30, 20, |x, _| image::Rgb([(8 * x) as u8, 0, 99])).save(&picture).unwrap();
    let mut lines = panel(vec![
        series(&bad("one"), &[[0.0, 0.5], [1.0, 0.62]]),
        series("two", &[[0.0, 0.7], [1.0, 0.3125]]),
    ]);
    (lines.title, lines.x.label, lines.y.label) = (bad("panel"), bad("x"), bad("y"));
    let mut named = panel(vec![series("two", &[[0.0, 0.8125], [1.0, 0.25]]), series("three", &[[1.0, 0.9]])]);
    named.x.names = Some(vec![bad("left"), "right".into()]);
    let mut shares = panel(vec![series("two", &[[0.0, 0.1], [0.001, 0.2], [0.1, 0.3], [1.0, 0.4]])]);
    shares.x.logarithmic = true;
    let claim = |holds| Claim {
        by_paper: true,
        block: Block::Paper,
        says: bad("says"),
        holds,
        numbers: bad("numbers"),
    };
    let all = Outcome {
        title: bad("title"),
        paper: Some(bad("paper")),
        about: bad("about"),
        scale: bad("scale"),
        panels: vec![lines, named, shares],
        claims: [Holds::Yes, Holds::Partly, Holds::No, Holds::Unknown].map(claim).into(),
        settings: vec![(bad("setting"), bad("value"))],
        command: bad("command"),
        steps: vec![bad("step")],
        machines: vec![bad("machine")],
        date: bad("date"),
        warnings: vec![bad("warning")],
        ..outcome("all")
    };
    Reach {
        outcomes: vec![
            all,
            Outcome { picture: Some(picture), paper: None, ..outcome("drawn") },
            outcome("bare"),
        ],
        left_out: vec![(bad("name"), bad("reason"))],
    }
}

fn heading() -> Heading {
    let bad = |what: &str| format!("<script>{what}</script>");
    Heading { title: bad("h"), intro: vec![bad("i")], version: bad("v"), when: bad("w") }
}

fn written() -> (TempDir, Reach) {
    let folder = tempfile::tempdir().unwrap();
    let reach = everything(folder.path());
    write_report(folder.path(), &reach, &heading()).unwrap();
    (folder, reach)
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// All of the page's start tags, after a look at whether each has its end tag in the right place.
fn tags(page: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let length = rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..start + length];
        let name = tag.split_whitespace().next().unwrap();
        rest = &rest[start + length + 1..];
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "before {:.80}", rest),
            None if ["!DOCTYPE", "meta", "img"].contains(&name) => tags.push(tag),
            None => {
                open.push(name);
                tags.push(tag);
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

#[test]
fn the_page_is_well_formed_and_holds_no_foreign_markup() {
    let (folder, _) = written();
    let page = read(&folder, "report.html");
    let tags = tags(&page);
    for name in ["html lang=\"en\"", "table ", "figure", "figcaption", "caption", "details", "svg ", "nav "] {
        assert!(tags.iter().any(|tag| tag.starts_with(name)), "no {name}");
    }
    assert!(!tags.iter().any(|tag| tag.starts_with("script")));
    assert!(page.contains("&lt;script&gt;alert('warning')&lt;/script&gt; &amp; &quot;warning&quot;"));
    assert!(!page.contains('\u{1b}'));
    let mut ids: Vec<&str> =
        tags.iter().filter_map(|tag| tag.split(" id=\"").nth(1)?.split('"').next()).collect();
    for link in tags.iter().filter_map(|tag| tag.split(" href=\"#").nth(1)?.split('"').next()) {
        assert!(ids.contains(&link), "{link}");
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id comes twice");
}

#[test]
fn the_page_loads_nothing() {
    let (folder, _) = written();
    let page = read(&folder, "report.html");
    for loading in ["http:", "https:", "@import", "<link", "<iframe", "<script", "//"] {
        let found = page.match_indices(loading).map(|(at, _)| &page[at.saturating_sub(60)..at + 10]);
        // Base64 has slashes too.
        let found: Vec<&str> = found.filter(|text| !text.contains("base64") && loading != "//").collect();
        assert!(found.is_empty(), "{found:?}");
    }
    for tag in tags(&page) {
        for source in
            ["src=\"", "srcset=\"", "poster=\"", "data=\""].iter().filter_map(|name| tag.split(name).nth(1))
        {
            assert!(source.starts_with("data:image/png;base64,iVBOR"), "{source:.60}");
        }
    }
}

#[test]
fn the_page_has_all_names_values_and_verdicts() {
    let (folder, reach) = written();
    let page = read(&folder, "report.html");
    for words in ["holds", "holds partly", "does not hold", "not measured"] {
        assert_eq!(
            page.matches(&format!("</svg>{words}</span>")).count(),
            3,
            "counted, in the summary, in the section"
        );
    }
    for panel in &reach.outcomes[0].panels {
        for series in &panel.series {
            let name = maud::html! { (text::clean(&series.name)) }.into_string();
            assert!(page.contains(&format!("</svg><span>{name}</span>")), "{name} in the legend");
            for point in &series.points {
                let interval = point.interval.map(|end| format!("{end:.3}"));
                assert!(page.contains(&format!("[{}]", interval.join(", "))), "{interval:?}");
                for value in &point.values {
                    assert!(page.contains(&format!("<td>{value:.3}</td>")), "{value}");
                }
            }
        }
    }
    for outcome in &reach.outcomes {
        assert!(page.contains(&format!("id=\"experiment-{}\"", outcome.name)));
    }
}

#[test]
fn the_page_opens_with_the_headline_and_has_a_row_for_each_figure_with_its_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let claim = |block, holds| Claim {
        by_paper: block != Block::Ours,
        block,
        says: "says".into(),
        holds,
        numbers: "numbers".into(),
    };
    let attacked = Outcome {
        claims: vec![
            claim(Block::Paper, Holds::Yes),
            claim(Block::Paper, Holds::Yes),
            claim(Block::Stronger, Holds::No),
        ],
        ..outcome("attacked")
    };
    let headline = Outcome { claims: vec![claim(Block::Ours, Holds::Partly)], ..outcome("headline") };
    let reach = Reach { outcomes: vec![attacked, headline], left_out: vec![] };
    write_report(folder.path(), &reach, &heading()).unwrap();
    let page = read(&folder, "report.html");
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    let places = ["id=\"experiment-headline\"", "id=\"summary\"", "id=\"experiment-attacked\""].map(place);
    assert!(places.is_sorted(), "{places:?}");
    let rows = page.split("<tbody role=\"rowgroup\">").nth(1).unwrap().split("</tbody>").next().unwrap();
    let row = rows.split("</tr>").next().unwrap();
    let cells: Vec<&str> = row.split("<td").skip(1).collect();
    let holds = |cell: &str| ["holds<", "holds partly<", "does not hold<"].map(|words| cell.contains(words));
    assert_eq!(cells.len(), 3, "{row}");
    assert!(cells[0].contains("<strong>2</strong>") && holds(cells[0]) == [true, false, false], "{row}");
    assert!(cells[1].contains("<strong>1</strong>") && holds(cells[1]) == [false, false, true], "{row}");
    assert_eq!(holds(cells[2]), [false; 3], "{row}");
}

#[test]
fn the_table_of_points_is_read_back_as_it_was() {
    let (folder, reach) = written();
    let mut lines = csv::Reader::from_path(folder.path().join("results.csv")).unwrap();
    let mut lines = lines.records().map(Result::unwrap);
    for outcome in &reach.outcomes {
        for panel in &outcome.panels {
            for series in &panel.series {
                for point in &series.points {
                    let line = lines.next().unwrap();
                    assert_eq!([&line[0], &line[1], &line[2]], [&outcome.name, &panel.title, &series.name]);
                    match &panel.x.names {
                        Some(names) => assert_eq!(line[3], names[point.x as usize]),
                        None => assert_eq!(line[3].parse(), Ok(point.x)),
                    }
                    assert_eq!(
                        [4, 5, 6].map(|at| line[at].parse::<f64>().unwrap()),
                        [point.y, point.interval[0], point.interval[1]]
                    );
                    assert_eq!(line[7].parse(), Ok(point.n));
                    assert_eq!(&line[8], "1;2");
                    let values: Vec<f64> = line[9].split(';').map(|value| value.parse().unwrap()).collect();
                    assert_eq!(values, point.values);
                }
            }
        }
    }
    assert_eq!(lines.next(), None);
}

#[test]
#[cfg(feature = "figures")]
fn figures_are_drawn_and_pictures_are_kept() {
    let (folder, reach) = written();
    let figures = folder.path().join("figures");
    let drawn = image::open(figures.join("all.png")).unwrap().to_rgb8();
    let svg = read(&folder, "figures/all.svg");
    let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
    let size = ["width", "height"]
        .map(|name| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap());
    assert_eq!([drawn.width(), drawn.height()], size.map(|length| (2.0 * length).ceil() as u32));
    let shares = |wanted: fn(&image::Rgb<u8>) -> bool| {
        drawn.pixels().filter(|pixel| wanted(pixel)).count() as f64 / drawn.len() as f64 * 3.0
    };
    assert!(shares(|pixel| pixel.0 == [255; 3]) > 0.5, "a light ground");
    let coloured = |pixel: &image::Rgb<u8>| {
        let [red, green, blue] = pixel.0;
        red.max(green).max(blue) - red.min(green).min(blue) > 60
    };
    assert!(shares(coloured) > 0.001);
    let kept = fs::read(figures.join("drawn.png")).unwrap();
    assert_eq!(kept, fs::read(reach.outcomes[1].picture.as_ref().unwrap()).unwrap());
    assert!(!figures.join("bare.png").exists());
}

#[test]
fn a_report_is_made_again_from_its_results() {
    let (folder, reach) = written();
    let again = read_results(folder.path()).unwrap();
    assert_eq!(again.outcomes[1].picture, Some(folder.path().join("figures/drawn.png")));
    let other = tempfile::tempdir().unwrap();
    write_report(other.path(), &again, &heading()).unwrap();
    // Also into the folder that it came from.
    let before = bytes(folder.path());
    write_report(folder.path(), &again, &heading()).unwrap();
    assert_eq!(bytes(folder.path()), before);
    assert_eq!(bytes(other.path()), before);
    assert_eq!(again.outcomes[0], reach.outcomes[0]);
    assert_eq!(again.left_out, reach.left_out);
}

/// All that a report's folder holds, by name.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = [
        "report.html",
        "results.csv",
        "results.json",
        "figures/all.svg",
        #[cfg(feature = "figures")]
        "figures/all.png",
        "figures/drawn.png",
    ];
    files.iter().map(|name| (name.into(), fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn nothing_is_written_of_what_cannot_be_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut reach = everything(folder.path());
    let out = folder.path().join("out");
    fs::write(folder.path().join("drawn.png"), "no picture").unwrap();
    let text = write_report(&out, &reach, &heading()).unwrap_err().to_string();
    assert!(text.contains("the picture of drawn is no PNG"), "{text}");
    reach.outcomes[1].picture = Some(folder.path().join("missing.png"));
    assert!(write_report(&out, &reach, &heading()).is_err());
    reach.outcomes[1].name = "../drawn".into();
    assert!(write_report(&out, &reach, &heading()).is_err());
    assert!(!out.exists());
    fs::write(folder.path().join("results.json"), "[1]").unwrap();
    let text = read_results(folder.path()).unwrap_err().to_string();
    assert!(text.contains("not the results of a report"), "{text}");
}

#[test]
fn an_empty_reach_has_a_report_too() {
    let folder = tempfile::tempdir().unwrap();
    write_report(folder.path(), &Reach::default(), &Heading::default()).unwrap();
    tags(&read(&folder, "report.html"));
    let empty = Outcome { panels: vec![panel(vec![]), panel(vec![series("a", &[])])], ..outcome("empty") };
    write_report(folder.path(), &Reach { outcomes: vec![empty], left_out: vec![] }, &heading()).unwrap();
    assert_eq!(read(&folder, "results.csv").lines().count(), 1);
}
