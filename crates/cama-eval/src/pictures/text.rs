//! Short labels in an 8×8 bitmap font.

use font8x8::UnicodeFonts;
use image::{Rgb, RgbImage};

/// Height of a character.
pub const SIDE: u32 = 16;
/// From one line to the next.
pub const LINE: u32 = SIDE + 4;

const INK: Rgb<u8> = Rgb([40, 40, 48]);

/// How wide characters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Square ones, for titles and labels.
    Wide,
    /// Half as wide, for what there is more of.
    Narrow,
}

impl Face {
    /// Pixels of the picture per pixel of the font, to the right and down.
    fn zoom(self) -> [u32; 2] {
        match self {
            Self::Wide => [2, 2],
            Self::Narrow => [1, 2],
        }
    }

    /// Width of a character.
    fn character(self) -> u32 {
        8 * self.zoom()[0]
    }

    /// Width of the widest line.
    pub fn width(self, text: &str) -> u32 {
        text.lines().map(|line| line.chars().count() as u32 * self.character()).max().unwrap_or(0)
    }

    /// The wide face if `text` fits into `width` with it, else the narrow one.
    pub fn fitting(text: &str, width: u32) -> Self {
        if Self::Wide.width(text) <= width { Self::Wide } else { Self::Narrow }
    }

    /// Draws `text` with its top left corner at `[x, y]`; what lies outside the picture is left out, and
    /// characters that the font lacks are left blank.
    pub fn draw(self, picture: &mut RgbImage, text: &str, [x, y]: [u32; 2]) {
        for (row, line) in text.lines().enumerate() {
            for (column, character) in line.chars().enumerate() {
                let corner = [x + column as u32 * self.character(), y + row as u32 * LINE];
                glyph(character).into_iter().for_each(|bits| self.character_at(picture, &bits, corner));
            }
        }
    }

    /// As [`draw`](Self::draw), each line in the middle of the `width` pixels from `x` on.
    pub fn draw_centred(self, picture: &mut RgbImage, text: &str, [x, y]: [u32; 2], width: u32) {
        for (row, line) in text.lines().enumerate() {
            let spare = width.saturating_sub(self.width(line)) / 2;
            self.draw(picture, line, [x + spare, y + row as u32 * LINE]);
        }
    }

    fn character_at(self, picture: &mut RgbImage, bits: &[u8; 8], [x, y]: [u32; 2]) {
        let [wide, high] = self.zoom();
        for (row, line) in bits.iter().enumerate() {
            for column in (0..8).filter(|column| line >> column & 1 == 1) {
                for (dx, dy) in (0..high).flat_map(|dy| (0..wide).map(move |dx| (dx, dy))) {
                    let at = (x + column * wide + dx, y + row as u32 * high + dy);
                    if let Some(pixel) = picture.get_pixel_mut_checked(at.0, at.1) {
                        *pixel = INK;
                    }
                }
            }
        }
    }
}

/// Height of all lines.
pub fn height(text: &str) -> u32 {
    match text.lines().count() as u32 {
        0 => 0,
        lines => (lines - 1) * LINE + SIDE,
    }
}

fn glyph(character: char) -> Option<[u8; 8]> {
    // The signs that labels use and the font has not, or has elsewhere.
    let character = match character {
        '−' | '–' => '-',
        '×' => 'x',
        other => other,
    };
    font8x8::BASIC_FONTS
        .get(character)
        .or_else(|| font8x8::LATIN_FONTS.get(character))
        .or_else(|| font8x8::GREEK_FONTS.get(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_leave_ink_within_their_box_only() {
        for face in [Face::Wide, Face::Narrow] {
            let mut picture = RgbImage::from_pixel(80, 40, Rgb([255; 3]));
            face.draw(&mut picture, "ß±µ°", [4, 6]);
            let inked: Vec<_> = picture.enumerate_pixels().filter(|(.., pixel)| **pixel == INK).collect();
            assert!(inked.len() > 40);
            let box_ = (4..4 + face.width("ß±µ°"), 6..6 + SIDE);
            assert!(inked.iter().all(|(x, y, _)| box_.0.contains(x) && box_.1.contains(y)));
            // Every one of them is in the font.
            let last = 4 + face.width("ß±µ");
            assert!(inked.iter().any(|(x, ..)| *x >= last));
            // Drawing beyond the border is no panic.
            face.draw(&mut picture, "long enough to leave", [70, 36]);
        }
    }

    #[test]
    fn sizes_count_lines() {
        assert_eq!((Face::Wide.width("ab\nc"), height("ab\nc")), (2 * SIDE, SIDE + LINE));
        assert_eq!(Face::Narrow.width("ab\nc"), SIDE);
        assert_eq!((Face::Wide.width(""), height("")), (0, 0));
        assert_eq!((Face::fitting("abc", 48), Face::fitting("abc", 47)), (Face::Wide, Face::Narrow));
    }

    #[test]
    fn lines_are_centred_each_for_itself() {
        let mut picture = RgbImage::from_pixel(64, 40, Rgb([255; 3]));
        Face::Narrow.draw_centred(&mut picture, "HHHH\nH", [0, 0], 64);
        let columns = |rows: std::ops::Range<u32>| {
            let inked = picture.enumerate_pixels().filter(|(_, y, pixel)| **pixel == INK && rows.contains(y));
            let columns: Vec<u32> = inked.map(|(x, ..)| x).collect();
            [*columns.iter().min().unwrap(), *columns.iter().max().unwrap()]
        };
        let [upper, lower] = [columns(0..SIDE), columns(LINE..LINE + SIDE)];
        assert!(upper[0] >= 16 && upper[1] < 48, "{upper:?}");
        assert!(lower[0] >= 28 && lower[1] < 36, "{lower:?}");
    }
}
