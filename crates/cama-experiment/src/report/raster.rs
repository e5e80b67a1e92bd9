//! SVG to PNG, with letters that every machine has: DejaVu Sans is part of the program.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Pixels of the picture for each of the drawing, and how many there are at most.
const SCALE: f32 = 2.0;
const MOST: f32 = 60e6;

/// A PNG of the drawing, or what stands in the way.
pub(super) fn png(svg: &str) -> Result<Vec<u8>, String> {
    let options = Options { fontdb: fonts(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size();
    let scale = SCALE.min((MOST / (size.width() * size.height())).sqrt());
    let [width, height] = [size.width(), size.height()].map(|length| (length * scale).ceil().max(1.0) as u32);
    let pixels = Pixmap::new(width, height);
    let mut pixels = pixels.ok_or_else(|| format!("{width}×{height} pixels are too many"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}

fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
            fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
        }
        fonts.set_sans_serif_family("DejaVu Sans");
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(svg: &str) -> image::RgbaImage {
        image::load_from_memory(&png(svg).unwrap()).unwrap().to_rgba8()
    }

    #[test]
    fn letters_are_drawn_on_a_machine_without_fonts() {
        let text = |text: &str| {
            let svg = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='20' font-family='Nowhere, sans-serif'>\
                 <rect width='80' height='20' fill='#fff'/><text x='2' y='15'>{text}</text></svg>"
            );
            let image = decoded(&svg);
            assert_eq!(image.dimensions(), (160, 40));
            image.pixels().filter(|pixel| pixel.0[0] < 128).count()
        };
        assert_eq!(text(""), 0);
        assert!(text("accuracy") > 2 * text("acc") && text("acc") > 50);
    }

    #[test]
    fn what_is_no_drawing_is_reported() {
        assert!(png("<svg").is_err());
        assert!(png("<svg xmlns='http://www.w3.org/2000/svg' width='0' height='9'/>").is_err());
    }
}
