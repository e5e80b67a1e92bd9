//! TIFF: depths, colours, transparency, orientation, pages, and what a damaged header may ask for.

use std::fs;
use std::path::Path;

use image::{ImageBuffer, Luma, Rgb, Rgb32FImage, Rgba};
use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray8;
use tiff::tags::Tag;

use super::{Levels, decode, look};

/// A TIFF file with pages of 3×2 (height×width), each even and of one grey level, that says how it is to be turned.
fn pages(path: &Path, levels: &[u8], orientation: u16) {
    let mut file = TiffEncoder::new(fs::File::create(path).unwrap()).unwrap();
    for level in levels {
        let mut page = file.new_image::<Gray8>(2, 3).unwrap();
        page.encoder().write_tag(Tag::Orientation, orientation).unwrap();
        page.write_data(&[*level, *level, *level, *level, *level, 0]).unwrap();
    }
}

#[test]
fn every_depth_and_colour_of_tiff_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let read = |background| decode(&path, Levels::on(background)).unwrap();
    ImageBuffer::<Luma<u8>, _>::from_pixel(1, 1, Luma([51])).save(&path).unwrap();
    assert_eq!(read(1.0), ([1, 1, 1], vec![0.2]));
    ImageBuffer::<Luma<u16>, _>::from_pixel(1, 1, Luma([13107])).save(&path).unwrap();
    assert_eq!(read(1.0), ([1, 1, 1], vec![0.2]));
    ImageBuffer::<Rgb<u8>, _>::from_pixel(1, 1, Rgb([51u8, 0, 255])).save(&path).unwrap();
    assert_eq!(read(1.0), ([3, 1, 1], vec![0.2, 0.0, 1.0]));
    ImageBuffer::<Rgb<u16>, _>::from_pixel(1, 1, Rgb([13107u16, 0, 65535])).save(&path).unwrap();
    assert_eq!(read(1.0), ([3, 1, 1], vec![0.2, 0.0, 1.0]));
    ImageBuffer::<Rgba<u8>, _>::from_pixel(1, 1, Rgba([51u8, 0, 255, 0])).save(&path).unwrap();
    assert!(look(&path).unwrap().transparent);
    assert_eq!(read(0.5), ([3, 1, 1], vec![0.5; 3]));
    ImageBuffer::<Rgba<u16>, _>::from_pixel(1, 1, Rgba([13107u16, 0, 65535, 65535])).save(&path).unwrap();
    assert_eq!(read(0.5), ([3, 1, 1], vec![0.2, 0.0, 1.0]));
}

#[test]
fn what_is_white_in_16_bits_can_be_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let read = |white| decode(&path, Levels { white, ..Levels::on(0.5) });
    ImageBuffer::<Luma<u16>, _>::from_pixel(1, 1, Luma([819])).save(&path).unwrap();
    assert!(look(&path).unwrap().deep);
    assert_eq!(read(4095.0).unwrap(), ([1, 1, 1], vec![0.2]));
    let text = read(800.0).unwrap_err().to_string();
    assert!(
        text.contains("a pixel is 819, brighter than white, 800; give what is white by --white"),
        "{text}"
    );
    // Opacity goes to 65,535 all the same.
    ImageBuffer::<Rgba<u16>, _>::from_pixel(1, 1, Rgba([819u16, 0, 4095, 65535])).save(&path).unwrap();
    assert_eq!(read(4095.0).unwrap(), ([3, 1, 1], vec![0.2, 0.0, 1.0]));
    ImageBuffer::<Rgba<u16>, _>::from_pixel(1, 1, Rgba([819u16, 0, 4095, 0])).save(&path).unwrap();
    assert_eq!(read(4095.0).unwrap(), ([3, 1, 1], vec![0.5; 3]));
    ImageBuffer::<Luma<u8>, _>::from_pixel(1, 1, Luma([51])).save(&path).unwrap();
    assert_eq!(read(4095.0).unwrap(), ([1, 1, 1], vec![0.2]));
    assert!(!look(&path).unwrap().deep);
}

#[test]
fn a_tiff_is_turned_as_it_says_and_its_first_page_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    pages(&path, &[51], 1);
    let seen = look(&path).unwrap();
    assert_eq!((seen.shape, seen.turned, seen.more), ([1, 3, 2], false, false));
    pages(&path, &[51, 102, 153], 6);
    let seen = look(&path).unwrap();
    assert_eq!((seen.shape, seen.turned, seen.more), ([1, 2, 3], true, true));
    // The black pixel at the lower right is at the lower left once the image is turned clockwise.
    assert_eq!(decode(&path, Levels::on(1.0)).unwrap(), ([1, 2, 3], vec![0.2, 0.2, 0.2, 0.0, 0.2, 0.2]));
}

#[test]
fn a_tiff_of_floats_or_of_a_size_that_no_memory_holds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tif");
    let message = || {
        let seen = look(&path).err().map(|error| error.to_string());
        let decoded = decode(&path, Levels::on(1.0)).unwrap_err().to_string();
        assert!(seen.is_none_or(|seen| seen == decoded));
        decoded
    };
    Rgb32FImage::from_pixel(1, 1, Rgb([0.5, 40.0, 200.0])).save(&path).unwrap();
    let text = message();
    assert!(text.contains("its samples are floats") && text.contains("save it in grey or colour"), "{text}");
    let mut file = TiffEncoder::new(fs::File::create(&path).unwrap()).unwrap();
    let page = file.new_image::<Gray8>(2, 3).unwrap();
    page.write_data(&[0; 6]).unwrap();
    drop(file);
    // Width and height are the first two entries of the directory, longs of twelve bytes each.
    let mut bytes = fs::read(&path).unwrap();
    let at = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize + 2;
    for entry in [at, at + 12] {
        bytes[entry + 8..entry + 12].copy_from_slice(&100_000u32.to_le_bytes());
    }
    fs::write(&path, bytes).unwrap();
    let text = message();
    assert!(text.contains("not a readable PNG, JPEG, WebP, BMP or TIFF image"), "{text}");
}
