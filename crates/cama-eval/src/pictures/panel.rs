//! A titled grid of images, before it is drawn.

use cama::data::Images;

/// A titled grid of images of one size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// Headings of groups of columns, which are all of one size: a wider gap is between them; may be empty.
    pub groups: Vec<String>,
    /// Short headings of the columns; may be empty.
    pub columns: Vec<String>,
    /// The rows, top to bottom.
    pub strips: Vec<Strip>,
    /// What stands under each column, lines separated by `\n`; may be empty.
    pub captions: Vec<String>,
    /// Rows that belong together: a wider gap follows every so many rows; 0 is none.
    pub group: usize,
}

/// One row of a panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strip {
    /// What stands at its left, lines separated by `\n`; may be empty.
    pub label: String,
    /// Pixels of each image, `[channel][row][column]`; values outside [0, 1] are clipped.
    pub images: Vec<Vec<f32>>,
    /// Which of the images have a frame, to be noticed.
    pub framed: Vec<usize>,
}

impl Panel {
    /// These columns alone, in this order.
    pub fn select(self, columns: &[usize]) -> Self {
        let texts = |all: Vec<String>| match all.is_empty() {
            true => all,
            false => columns.iter().map(|&i| all.get(i).cloned().unwrap_or_default()).collect(),
        };
        let strip = |strip: Strip| Strip {
            images: columns.iter().filter_map(|&i| strip.images.get(i).cloned()).collect(),
            framed: (0..columns.len()).filter(|&i| strip.framed.contains(&columns[i])).collect(),
            label: strip.label,
        };
        let strips = self.strips.into_iter().map(strip).collect();
        let (headings, captions) = (texts(self.columns), texts(self.captions));
        Self { columns: headings, captions, strips, groups: Vec::new(), ..self }
    }

    /// Panels of as many columns beside one another, each under its name, with the rows that all of them have.
    pub fn beside(parts: Vec<(String, Panel)>) -> Self {
        let mut all = Panel::default();
        if let Some((_, first)) = parts.first() {
            let labels = first.strips.iter().map(|strip| &strip.label);
            let shared = labels.filter(|label| {
                parts.iter().all(|(_, part)| part.strips.iter().any(|strip| strip.label == **label))
            });
            all.strips = shared.map(|label| Strip::new(label, Vec::new())).collect();
        }
        for (name, part) in parts {
            let first = all.width();
            all.groups.push(name);
            for (all, part) in [(&mut all.columns, part.columns), (&mut all.captions, part.captions)] {
                all.resize(first, String::new());
                all.extend(part);
            }
            for part in part.strips {
                if let Some(all) = all.strips.iter_mut().find(|all| all.label == part.label) {
                    all.images.extend(part.images);
                    all.framed.extend(part.framed.into_iter().map(|i| first + i));
                }
            }
        }
        all
    }

    /// Columns in each group; all of them where there are no groups.
    pub(super) fn columns_in_group(&self) -> usize {
        self.width().div_ceil(self.groups.len().max(1)).max(1)
    }

    /// Columns.
    pub(super) fn width(&self) -> usize {
        self.strips.iter().map(|strip| strip.images.len()).max().unwrap_or(0)
    }
}

impl Strip {
    /// A row of pixels.
    pub fn new(label: impl Into<String>, images: Vec<Vec<f32>>) -> Self {
        Self { label: label.into(), images, framed: Vec::new() }
    }

    /// A row of all these images.
    pub fn of(label: impl Into<String>, images: &Images) -> Self {
        Self::new(label, (0..images.len()).map(|i| images.image(i).to_vec()).collect())
    }

    /// The same with frames around these images.
    pub fn framed(self, framed: Vec<usize>) -> Self {
        Self { framed, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three columns of one row, whose pixels, headings and captions count from `at` on.
    fn part(at: usize, framed: Vec<usize>) -> Panel {
        let images = (at..at + 3).map(|i| vec![i as f32]).collect();
        Panel {
            columns: (at..at + 3).map(|i| i.to_string()).collect(),
            captions: (at..at + 3).map(|i| format!("c{i}")).collect(),
            strips: vec![Strip::new("seen", images).framed(framed)],
            ..Panel::default()
        }
    }

    fn pixels(panel: &Panel) -> Vec<f32> {
        panel.strips[0].images.iter().map(|image| image[0]).collect()
    }

    #[test]
    fn columns_are_selected_with_all_that_belongs_to_them() {
        let panel = part(10, vec![0, 2]).select(&[2, 1]);
        assert_eq!((pixels(&panel), panel.strips[0].framed.clone()), (vec![12.0, 11.0], vec![0]));
        assert_eq!(
            (panel.columns, panel.captions),
            (vec!["12".into(), "11".into()], vec!["c12".into(), "c11".into()])
        );
        assert!(Panel { columns: Vec::new(), ..part(0, vec![]) }.select(&[1]).columns.is_empty());
    }

    #[test]
    fn panels_beside_one_another_keep_what_belongs_to_their_columns() {
        let bare = Panel { columns: Vec::new(), captions: Vec::new(), ..part(3, vec![1]) };
        // A row that only one of them has is left out.
        let mut more = part(6, vec![0, 2]);
        more.strips.insert(0, Strip::new("covered", vec![vec![0.5]; 3]));
        let parts = [("a", part(0, vec![2])), ("b", bare), ("c", more)];
        let all = Panel::beside(parts.map(|(name, part)| (name.to_string(), part)).to_vec());
        assert_eq!((all.groups.join(""), all.columns_in_group(), all.width()), ("abc".into(), 3, 9));
        assert_eq!(all.columns, ["0", "1", "2", "", "", "", "6", "7", "8"]);
        assert_eq!(all.captions[7], "c7");
        assert_eq!(pixels(&all), (0..9).map(|i| i as f32).collect::<Vec<_>>());
        assert_eq!((all.strips.len(), &all.strips[0].framed[..]), (1, &[2, 4, 6, 8][..]));
    }
}
