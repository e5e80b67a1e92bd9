//! Panels drawn under one another.

use std::path::Path;

use cama::files::write_atomic;
use image::{ImageFormat, Rgb, RgbImage};

use super::panel::Panel;
use super::text::{self, Face};

const BACKGROUND: Rgb<u8> = Rgb([244, 244, 240]);
/// Frames.
const NOTICE: Rgb<u8> = Rgb([214, 84, 44]);
/// Around everything.
const MARGIN: u32 = 16;
/// Between panels.
const PANEL_GAP: u32 = 32;
/// Between images.
const GAP: u32 = 4;
/// Width of a frame, which lies in the gaps.
const FRAME: u32 = 3;
/// Between groups of rows or columns.
const GROUP_GAP: u32 = 14;
/// Between headings or captions and images.
const HEADING_GAP: u32 = 6;
/// Images are enlarged by a whole factor until their longer side has this many pixels or more.
const LEGIBLE: u32 = 84;
/// As [`LEGIBLE`], where captions need room under the images.
const LEGIBLE_WITH_CAPTIONS: u32 = 112;

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

    /// The picture as the bytes of a PNG.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded.
    pub fn png(&self) -> cama::Result<Vec<u8>> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let written = self.draw().write_to(&mut bytes, ImageFormat::Png);
        written.map_err(|error| cama::Error::Mismatch(format!("the picture cannot be encoded: {error}")))?;
        Ok(bytes.into_inner())
    }

    /// The picture.
    pub fn draw(&self) -> RgbImage {
        let labels = self.panels.iter().flat_map(|panel| &panel.strips);
        let labels = labels.map(|strip| Face::Wide.width(&strip.label)).max().unwrap_or(0);
        let left = MARGIN + if labels > 0 { labels + MARGIN } else { 0 };
        let widths = self.panels.iter().map(|panel| self.width(panel)).max().unwrap_or(0);
        let titles = self.panels.iter().map(|panel| Face::Wide.width(&panel.title)).max().unwrap_or(0);
        let width = (left + widths).max(MARGIN + titles) + MARGIN;
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

    fn zoom(&self) -> u32 {
        let longer = self.shape[1].max(self.shape[2]).max(1) as u32;
        let captions = self.panels.iter().any(|panel| !panel.captions.is_empty());
        (if captions { LEGIBLE_WITH_CAPTIONS } else { LEGIBLE }).div_ceil(longer)
    }

    /// Height and width of an image.
    fn image(&self) -> [u32; 2] {
        [self.shape[1], self.shape[2]].map(|side| side as u32 * self.zoom())
    }

    /// Width of a column: that of its image, or of the widest text above and below images with the space to the next.
    /// All panels have the same, so that images stand under one another.
    fn column(&self) -> u32 {
        let texts = self.panels.iter().flat_map(|panel| panel.columns.iter().chain(&panel.captions));
        let widest = texts.map(|text| Face::Narrow.width(text)).max().unwrap_or(0);
        self.image()[1].max(widest + GAP)
    }

    /// Where a column begins, from the first one on.
    fn at(&self, panel: &Panel, column: usize) -> u32 {
        let groups = column / panel.columns_in_group();
        column as u32 * (self.column() + GAP) + groups as u32 * GROUP_GAP
    }

    /// Width of all columns.
    fn width(&self, panel: &Panel) -> u32 {
        panel.width().checked_sub(1).map_or(0, |last| self.at(panel, last) + self.column())
    }

    /// Heights of the title, of the groups' headings, of the columns' and of the captions, with the space to images.
    fn texts(panel: &Panel) -> [u32; 4] {
        let highest = |texts: &[String], gap: u32| {
            let height = texts.iter().map(|text| text::height(text)).max().unwrap_or(0);
            if height > 0 { height + gap } else { 0 }
        };
        let title = std::slice::from_ref(&panel.title);
        let [title, groups] = [highest(title, 10), highest(&panel.groups, 10)];
        [title, groups, highest(&panel.columns, HEADING_GAP), highest(&panel.captions, HEADING_GAP)]
    }

    fn height(&self, panel: &Panel) -> u32 {
        let rows = panel.strips.len() as u32;
        let gaps = rows.saturating_sub(1).checked_div(panel.group as u32).unwrap_or(0);
        let texts: u32 = Self::texts(panel).iter().sum();
        texts + rows * (self.image()[0] + GAP) - GAP.min(rows * GAP) + gaps * GROUP_GAP
    }

    fn draw_panel(&self, picture: &mut RgbImage, panel: &Panel, [left, top]: [u32; 2]) {
        let [title, groups, headings, _] = Self::texts(panel);
        let (column, [high, wide]) = (self.column(), self.image());
        let at = |i: usize| left + self.at(panel, i);
        Face::Wide.draw(picture, &panel.title, [MARGIN, top]);
        let in_group = panel.columns_in_group();
        for (i, heading) in panel.groups.iter().enumerate() {
            let (first, last) = (at(i * in_group), at((i + 1) * in_group - 1));
            let width = last + column - first;
            Face::fitting(heading, width).draw_centred(picture, heading, [first, top + title], width);
        }
        for (i, heading) in panel.columns.iter().enumerate() {
            let place = [at(i), top + title + groups];
            Face::fitting(heading, column).draw_centred(picture, heading, place, column);
        }
        let mut y = top + title + groups + headings;
        for (row, strip) in panel.strips.iter().enumerate() {
            if row > 0 {
                let between = panel.group > 0 && row % panel.group == 0;
                y += high + GAP + if between { GROUP_GAP } else { 0 };
            }
            let spare = high.saturating_sub(text::height(&strip.label)) / 2;
            Face::Wide.draw(picture, &strip.label, [MARGIN, y + spare]);
            let place = |i: usize| [at(i) + (column - wide) / 2, y];
            strip.framed.iter().for_each(|&i| self.draw_frame(picture, place(i)));
            for (i, pixels) in strip.images.iter().enumerate() {
                self.draw_image(picture, pixels, place(i));
            }
        }
        let below = if panel.strips.is_empty() { y } else { y + high + HEADING_GAP };
        for (i, caption) in panel.captions.iter().enumerate() {
            Face::Narrow.draw_centred(picture, caption, [at(i), below], column);
        }
    }

    fn draw_frame(&self, picture: &mut RgbImage, [left, top]: [u32; 2]) {
        let [high, wide] = self.image();
        for (dy, dx) in (0..high + 2 * FRAME).flat_map(|y| (0..wide + 2 * FRAME).map(move |x| (y, x))) {
            if let Some(pixel) = picture.get_pixel_mut_checked(left + dx - FRAME, top + dy - FRAME) {
                *pixel = NOTICE;
            }
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
        let [high, wide] = self.image();
        for (dy, dx) in (0..high).flat_map(|y| (0..wide).map(move |x| (y, x))) {
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
    use super::super::panel::Strip;
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
        let title = "A title wider than the images".to_string();
        let panel = Panel { title, columns: vec!["a".into()], strips, ..Panel::default() };
        let picture = Picture::new([1, 2, 2]).panel(panel.clone()).panel(panel);
        let drawn = picture.draw();
        assert!(drawn.width() >= Face::Wide.width("A title wider than the images") + 2 * MARGIN);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        picture.save(&path).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), drawn);
        assert!(Picture::new([1, 2, 2]).draw().width() > 0);
    }
    /// A picture of one panel of black images, and its pixels.
    fn drawn(panel: Panel) -> RgbImage {
        Picture::new([1, 28, 28]).panel(panel).draw()
    }

    #[test]
    fn captions_stand_under_their_columns_and_make_room() {
        let black = || vec![Strip::new("", vec![vec![0.0; 28 * 28]; 2])];
        let bare = drawn(Panel { strips: black(), ..Panel::default() });
        // Wider than an image: 15 characters of 8 pixels.
        let captions = vec!["a\nb".to_string(), "15 wide letters".into()];
        let picture = drawn(Panel { strips: black(), captions, ..Panel::default() });
        let (side, column) = (112, 124);
        assert_eq!(picture.width(), 2 * MARGIN + 2 * column + GAP);
        assert_eq!(picture.height(), 2 * MARGIN + side + HEADING_GAP + text::height("a\nb"));
        assert_eq!(bare.height(), 2 * MARGIN + 84);
        // Images are in the middle of their columns.
        let at = |x: u32, y: u32| picture.get_pixel(x, y).0;
        assert_eq!((at(MARGIN + 5, MARGIN), at(MARGIN + 6, MARGIN)), (BACKGROUND.0, [0; 3]));
        let inked = |from: u32, to: u32| {
            let below = MARGIN + side + HEADING_GAP..picture.height();
            below
                .flat_map(|y| (from..to).map(move |x| (x, y)))
                .filter(|(x, y)| at(*x, *y) != BACKGROUND.0)
                .count()
        };
        let middle = MARGIN + column / 2;
        assert!(inked(middle - 4, middle + 4) > 20);
        assert_eq!(inked(MARGIN, middle - 4) + inked(middle + 4, MARGIN + column), 0);
        assert!(inked(MARGIN + column + GAP, picture.width()) > 100);
    }

    #[test]
    fn frames_surround_images_and_cover_none() {
        let strips = vec![Strip::new("", vec![vec![1.0; 28 * 28]; 2]).framed(vec![1])];
        let picture = drawn(Panel { strips, ..Panel::default() });
        let second = MARGIN + 84 + GAP;
        let at = |x: u32, y: u32| picture.get_pixel(x, y).0;
        assert_eq!((at(second - FRAME, MARGIN), at(second + 84, MARGIN + 83)), (NOTICE.0, NOTICE.0));
        assert_eq!((at(second, MARGIN - 1), at(second + 83, MARGIN + 84)), (NOTICE.0, NOTICE.0));
        assert_eq!((at(second, MARGIN), at(second + 83, MARGIN + 83)), ([255; 3], [255; 3]));
        assert_eq!((at(MARGIN + 83, MARGIN), at(MARGIN - 1, MARGIN)), ([255; 3], BACKGROUND.0));
    }

    #[test]
    fn groups_of_columns_are_apart() {
        let strips = vec![Strip::new("", vec![vec![1.0; 28 * 28]; 4])];
        let groups = vec!["one".to_string(), "two".into()];
        let picture = drawn(Panel { strips: strips.clone(), groups, ..Panel::default() });
        let width = 2 * MARGIN + 4 * 84 + 3 * GAP;
        assert_eq!(picture.width(), width + GROUP_GAP);
        let y = picture.height() - MARGIN - 1;
        let third = MARGIN + 2 * (84 + GAP) + GROUP_GAP;
        assert_eq!(picture.get_pixel(third - 1, y).0, BACKGROUND.0);
        assert_eq!(picture.get_pixel(third, y).0, [255; 3]);
        assert_eq!(drawn(Panel { strips, ..Panel::default() }).width(), width);
    }
}
