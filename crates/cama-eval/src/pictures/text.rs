//! Short labels in an 8×8 bitmap font.

use font8x8::UnicodeFonts;
use image::{Rgb, RgbImage};

/// Pixels of the picture per pixel of the font.
const ZOOM: u32 = 2;
/// Side of a character.
pub const SIDE: u32 = 8 * ZOOM;
/// From one line to the next.
pub const LINE: u32 = SIDE + 4;

const INK: Rgb<u8> = Rgb([40, 40, 48]);

/// Width of the widest line.
pub fn width(text: &str) -> u32 {
    text.lines().map(|line| line.chars().count() as u32 * SIDE).max().unwrap_or(0)
}

/// Height of all lines.
pub fn height(text: &str) -> u32 {
    match text.lines().count() as u32 {
        0 => 0,
        lines => (lines - 1) * LINE + SIDE,
    }
}

/// Draws `text` with its top left corner at `[x, y]`; what lies outside the picture is left out, and
/// characters that the font lacks are left blank.
pub fn draw(picture: &mut RgbImage, text: &str, [x, y]: [u32; 2]) {
    for (row, line) in text.lines().enumerate() {
        for (column, character) in line.chars().enumerate() {
            let corner = [x + column as u32 * SIDE, y + row as u32 * LINE];
            glyph(character).into_iter().for_each(|bits| character_at(picture, &bits, corner));
        }
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

fn character_at(picture: &mut RgbImage, bits: &[u8; 8], [x, y]: [u32; 2]) {
    for (row, line) in bits.iter().enumerate() {
        for column in (0..8).filter(|column| line >> column & 1 == 1) {
            for (dx, dy) in (0..ZOOM).flat_map(|dy| (0..ZOOM).map(move |dx| (dx, dy))) {
                let at = (x + column * ZOOM + dx, y + row as u32 * ZOOM + dy);
                if let Some(pixel) = picture.get_pixel_mut_checked(at.0, at.1) {
                    *pixel = INK;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_leave_ink_within_their_box_only() {
        let mut picture = RgbImage::from_pixel(80, 40, Rgb([255; 3]));
        draw(&mut picture, "ß±µ", [4, 6]);
        let inked: Vec<_> = picture.enumerate_pixels().filter(|(.., pixel)| **pixel == INK).collect();
        assert!(inked.len() > 40);
        assert!(inked.iter().all(|(x, y, _)| (4..4 + width("ß±µ")).contains(x) && (6..6 + SIDE).contains(y)));
        // Drawing beyond the border is no panic.
        draw(&mut picture, "long enough to leave", [70, 36]);
    }

    #[test]
    fn sizes_count_lines() {
        assert_eq!((width("ab\nc"), height("ab\nc")), (2 * SIDE, SIDE + LINE));
        assert_eq!((width(""), height("")), (0, 0));
    }
}
