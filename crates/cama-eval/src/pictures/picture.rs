//! Panels drawn under one another.

use std::path::Path;

use cama::files::write_atomic;
use image::{ImageFormat, Rgb, RgbImage};

use super::text;
use super::{Panel, Strip};

const BACKGROUND: Rgb<u8> = Rgb([244, 244, 240]);
/// Around everything.
const MARGIN: u32 = 16;
/// Between panels.
const PANEL_GAP: u32 = 32;
/// Between images.
const GAP: u32 = 4;
/// Between groups of rows.
const GROUP_GAP: u32 = 14;
/// Images are enlarged by a whole factor until their longer side has this many pixels or more.
const LEGIBLE: u32 = 84;

/// Panels of images of one size, one under another.
#[derive(Clone, Debug)]
pub struct Picture {
    shape: [usize; 3],
    panels: Vec<Panel>,
}

impl Picture {
    /// An empty picture for images `[channels, height, width]`.
    pub fn new(shape: [usize; 3]) -> Self {
        Self { shape, panels: Vec::new() }
    }

    /// With one more panel at its bottom.
    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Writes the picture as PNG, whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> cama::Result<()> {
        let picture = self.draw();
        write_atomic(path, |out| picture.write_to(out, ImageFormat::Png).map_err(std::io::Error::other))
    }

    /// The picture.
    pub fn draw(&self) -> RgbImage {
        let labels = self.strips().map(|strip| text::width(&strip.label)).max().unwrap_or(0);
        let left = MARGIN + if labels > 0 { labels + MARGIN } else { 0 };
        let columns = self.strips().map(|strip| strip.images.len()).max().unwrap_or(0) as u32;
        let titles = self.panels.iter().map(|panel| text::width(&panel.title)).max().unwrap_or(0);
        let width = (left + columns * self.step()[1]).max(MARGIN + titles + GAP) - GAP + MARGIN;
        let panels = self.panels.iter().map(|panel| self.height(panel) + PANEL_GAP).sum::<u32>();
        let height = panels.saturating_sub(PANEL_GAP) + 2 * MARGIN;
        let mut picture = RgbImage::from_pixel(width, height, BACKGROUND);
        let mut top = MARGIN;
        for panel in &self.panels {
            self.draw_panel(&mut picture, panel, [left, top]);
            top += self.height(panel) + PANEL_GAP;
        }
        picture
    }

    fn strips(&self) -> impl Iterator<Item = &Strip> {
        self.panels.iter().flat_map(|panel| &panel.strips)
    }

    fn zoom(&self) -> u32 {
        let longer = self.shape[1].max(self.shape[2]).max(1) as u32;
        LEGIBLE.div_ceil(longer)
    }

    /// From one image to the next, down and to the right.
    fn step(&self) -> [u32; 2] {
        [self.shape[1] as u32 * self.zoom() + GAP, self.shape[2] as u32 * self.zoom() + GAP]
    }

    /// Heights of the title and of the column headings, with the space below them.
    fn heads(panel: &Panel) -> [u32; 2] {
        let title = if panel.title.is_empty() { 0 } else { text::height(&panel.title) + 10 };
        let headings = panel.columns.iter().map(|heading| text::height(heading)).max().unwrap_or(0);
        [title, if headings > 0 { headings + 6 } else { 0 }]
    }

    fn height(&self, panel: &Panel) -> u32 {
        let rows = panel.strips.len() as u32;
        let gaps = rows.saturating_sub(1).checked_div(panel.group as u32).unwrap_or(0);
        let [title, headings] = Self::heads(panel);
        title + headings + rows * self.step()[0] - GAP.min(rows * GAP) + gaps * GROUP_GAP
    }

    fn draw_panel(&self, picture: &mut RgbImage, panel: &Panel, [left, top]: [u32; 2]) {
        let [title, headings] = Self::heads(panel);
        text::draw(picture, &panel.title, [MARGIN, top]);
        let [down, right] = self.step();
        for (column, heading) in panel.columns.iter().enumerate() {
            let spare = (right - GAP).saturating_sub(text::width(heading)) / 2;
            text::draw(picture, heading, [left + column as u32 * right + spare, top + title]);
        }
        let mut y = top + title + headings;
        for (row, strip) in panel.strips.iter().enumerate() {
            if panel.group > 0 && row > 0 && row % panel.group == 0 {
                y += GROUP_GAP;
            }
            let spare = (down - GAP).saturating_sub(text::height(&strip.label)) / 2;
            text::draw(picture, &strip.label, [MARGIN, y + spare]);
            for (column, pixels) in strip.images.iter().enumerate() {
                self.draw_image(picture, pixels, [left + column as u32 * right, y]);
            }
            y += down;
        }
    }

    fn draw_image(&self, picture: &mut RgbImage, pixels: &[f32], [left, top]: [u32; 2]) {
        let ([channels, height, width], zoom) = (self.shape, self.zoom());
        let value = |channel: usize, row: usize, column: usize| {
            // One channel is grey; a second alone has no colour.
            let channel = if channels < 3 { 0 } else { channel };
            let pixel = pixels.get((channel * height + row) * width + column).copied().unwrap_or(0.0);
            (pixel.clamp(0.0, 1.0) * 255.0).round() as u8
        };
        for (dy, dx) in (0..height as u32 * zoom).flat_map(|y| (0..width as u32 * zoom).map(move |x| (y, x)))
        {
            let (row, column) = ((dy / zoom) as usize, (dx / zoom) as usize);
            let colour = Rgb([0, 1, 2].map(|channel| value(channel, row, column)));
            if let Some(pixel) = picture.get_pixel_mut_checked(left + dx, top + dy) {
                *pixel = colour;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stand_where_they_should_enlarged() {
        let strips = vec![Strip::new("", vec![vec![0.0; 28 * 28], vec![1.0; 28 * 28]]); 2];
        let panel = Panel { strips, group: 1, ..Panel::default() };
        let picture = Picture::new([1, 28, 28]).panel(panel).draw();
        let (side, gap) = (84, GAP);
        assert_eq!(picture.width(), 2 * MARGIN + 2 * side + gap);
        assert_eq!(picture.height(), 2 * MARGIN + 2 * side + gap + GROUP_GAP);
        let at = |x, y| picture.get_pixel(x, y).0;
        assert_eq!(at(MARGIN - 1, MARGIN), BACKGROUND.0);
        assert_eq!((at(MARGIN, MARGIN), at(MARGIN + side - 1, MARGIN + side - 1)), ([0; 3], [0; 3]));
        assert_eq!(at(MARGIN + side, MARGIN), BACKGROUND.0);
        assert_eq!(at(MARGIN + side + gap, MARGIN), [255; 3]);
        assert_eq!(at(MARGIN, MARGIN + side + gap + GROUP_GAP - 1), BACKGROUND.0);
        assert_eq!(at(MARGIN, MARGIN + side + gap + GROUP_GAP), [0; 3]);
    }

    #[test]
    fn colours_are_kept_and_values_clipped() {
        let pixels = vec![2.0, 0.0, 0.2, 0.4, -1.0, 1.0];
        let panel = Panel { strips: vec![Strip::new("", vec![pixels])], ..Panel::default() };
        let picture = Picture::new([3, 1, 2]).panel(panel).draw();
        assert_eq!(picture.get_pixel(MARGIN, MARGIN).0, [255, 51, 0]);
        assert_eq!(picture.get_pixel(MARGIN + 42, MARGIN).0, [0, 102, 255]);
    }

    #[test]
    fn titles_and_labels_fit_and_the_file_is_a_png() {
        let strips = vec![Strip::new("two\nlines", vec![vec![0.5; 4]; 3])];
        let panel = Panel {
            title: "A title wider than the images".into(),
            columns: vec!["a".into()],
            strips,
            group: 0,
        };
        let picture = Picture::new([1, 2, 2]).panel(panel.clone()).panel(panel);
        let drawn = picture.draw();
        assert!(drawn.width() >= text::width("A title wider than the images") + 2 * MARGIN);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        picture.save(&path).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), drawn);
        assert!(Picture::new([1, 2, 2]).draw().width() > 0);
    }
}
