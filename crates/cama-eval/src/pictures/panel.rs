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
    /// The first `columns` columns of panels with the same rows, beside one another, each under its name.
    pub fn beside(parts: Vec<(String, Panel)>, columns: usize) -> Self {
        let mut all = Panel::default();
        for (name, part) in parts {
            if all.groups.is_empty() {
                all.strips = part.strips.iter().map(|strip| Strip::new(&strip.label, Vec::new())).collect();
            }
            let first = all.groups.len() * columns;
            all.groups.push(name);
            for (all, part) in [(&mut all.columns, part.columns), (&mut all.captions, part.captions)] {
                all.resize(first, String::new());
                all.extend(part.into_iter().take(columns));
            }
            for (all, part) in all.strips.iter_mut().zip(part.strips) {
                all.images.resize(first, Vec::new());
                all.images.extend(part.images.into_iter().take(columns));
                all.framed.extend(part.framed.into_iter().filter(|&i| i < columns).map(|i| first + i));
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

    #[test]
    fn panels_beside_one_another_keep_what_belongs_to_their_columns() {
        let part = |at: f32, framed: Vec<usize>| {
            let images = (0..3).map(|i| vec![at + i as f32]).collect();
            Panel {
                columns: (0..3).map(|i| format!("{at}{i}")).collect(),
                captions: (0..3).map(|i| format!("c{at}{i}")).collect(),
                strips: vec![Strip::new("seen", images).framed(framed)],
                ..Panel::default()
            }
        };
        let bare = Panel { columns: Vec::new(), captions: Vec::new(), ..part(20.0, vec![1]) };
        let parts = vec![("a".to_string(), part(0.0, vec![2])), ("b".into(), bare)];
        let all = Panel::beside([parts, vec![("c".into(), part(40.0, vec![0, 2]))]].concat(), 2);
        assert_eq!((all.groups.join(""), all.columns_in_group(), all.width()), ("abc".into(), 2, 6));
        assert_eq!(all.columns, ["00", "01", "", "", "400", "401"]);
        assert_eq!(all.captions[4], "c400");
        assert_eq!(all.strips.len(), 1);
        let pixels: Vec<f32> = all.strips[0].images.iter().map(|image| image[0]).collect();
        assert_eq!(pixels, [0.0, 1.0, 20.0, 21.0, 40.0, 41.0]);
        assert_eq!(all.strips[0].framed, [3, 4]);
    }
}
