//! Folders of pictures of every kind.

use std::fs;

use image::{GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage};

use super::super::{ImageBatches, Images, load};
use super::picture::decode;
use super::*;

fn read(path: &Path) -> Result<Images> {
    load(path.to_str().unwrap())
}

fn grey(folder: &Path, name: &str, width: u32, value: u8) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_pixel(width, 2, Luma([value])).save(path).unwrap();
}

fn message(folder: &Path) -> String {
    read(folder).unwrap_err().to_string()
}

#[test]
fn sub_folders_are_classes_in_sorted_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, value) in [("b/2.png", 0), ("b/1.PNG", 51), ("a/x.png", 255), ("a/.hidden.png", 9)] {
        grey(path, name, 3, value);
    }
    fs::write(path.join("README"), "words").unwrap();
    fs::write(path.join("a/Thumbs.db"), "words").unwrap();
    let images = read(path).unwrap();
    assert_eq!((images.shape(), images.len()), ([1, 2, 3], 3));
    assert_eq!((images.classes(), images.labels()), (&["a".into(), "b".into()][..], Some(&[0, 1, 1][..])));
    let firsts: Vec<f32> = (0..3).map(|i| images.image(i)[0]).collect();
    assert_eq!(firsts, [1.0, 0.2, 0.0]);
}

#[test]
fn a_flat_folder_is_unlabelled_and_one_file_is_one_image() {
    let folder = tempfile::tempdir().unwrap();
    grey(folder.path(), "2.png", 3, 0);
    grey(folder.path(), "1.jpeg", 3, 255);
    let images = read(folder.path()).unwrap();
    assert_eq!((images.len(), images.labels(), images.image(0)[0]), (2, None, 1.0));
    let one = read(&folder.path().join("1.jpeg")).unwrap();
    assert_eq!((one.len(), one.shape(), one.image(0)), (1, [1, 2, 3], images.image(0)));
}

#[test]
fn colour_depth_and_transparency() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let colour = RgbImage::from_fn(2, 1, |x, _| if x == 0 { Rgb([0, 51, 255]) } else { Rgb([255, 0, 51]) });
    colour.save(path("rgb.png")).unwrap();
    let known = ([3, 1, 2], vec![0.0, 1.0, 0.2, 0.0, 1.0, 0.2]);
    assert_eq!(decode(&path("rgb.png"), Levels::on(1.0)).unwrap(), known);
    for name in ["rgb.webp", "rgb.bmp", "rgb.tif"] {
        colour.save(path(name)).unwrap();
        assert_eq!(decode(&path(name), Levels::on(1.0)).unwrap(), known, "{name}");
    }
    let deep = ImageBuffer::<Luma<u16>, _>::from_pixel(1, 1, Luma([13107]));
    deep.save(path("deep.png")).unwrap();
    assert_eq!(decode(&path("deep.png"), Levels::on(1.0)).unwrap(), ([1, 1, 1], vec![0.2]));
    for (alpha, background, seen) in [(0, 1.0, 1.0), (0, 0.0, 0.0), (255, 1.0, 0.2), (51, 0.0, 0.04)] {
        let clear = ImageBuffer::<LumaA<u8>, _>::from_pixel(1, 1, LumaA([51, alpha]));
        clear.save(path("clear.png")).unwrap();
        let (shape, pixels) = decode(&path("clear.png"), Levels::on(background)).unwrap();
        assert!(shape == [1, 1, 1] && (pixels[0] - seen).abs() < 1e-6, "{alpha} {background}: {pixels:?}");
    }
}

/// A JPEG file of 4×2 pixels, dark on the left, that says how it is to be turned.
fn photograph(path: &Path, orientation: u8) {
    let image = GrayImage::from_fn(8, 4, |x, _| Luma([if x < 4 { 10 } else { 245 }]));
    let mut jpeg = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 100);
    image.write_with_encoder(encoder).unwrap();
    // EXIF, TIFF 6.0 with one entry: 0x0112, a short.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() + 2) as u16;
    let segment = [&[0xff, 0xe1][..], &length.to_be_bytes(), &exif].concat();
    fs::write(path, [&jpeg[..2], &segment, &jpeg[2..]].concat()).unwrap();
}

#[test]
fn pictures_are_turned_as_their_files_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    // The dark half is left, right, at the top and at the bottom.
    for (orientation, shape, dark) in
        [(1, [1, 4, 8], [1, 1]), (3, [1, 4, 8], [1, 6]), (6, [1, 8, 4], [1, 1]), (8, [1, 8, 4], [6, 1])]
    {
        photograph(&path, orientation);
        let (decoded, pixels) = decode(&path, Levels::on(1.0)).unwrap();
        assert_eq!((decoded, picture::look(&path).unwrap().shape), (shape, shape), "{orientation}");
        let [row, column] = dark;
        let (light_row, light_column) = (shape[1] - 1 - row, shape[2] - 1 - column);
        assert!(pixels[row * shape[2] + column] < 0.2, "{orientation}");
        let opposite =
            if shape[1] == 4 { row * shape[2] + light_column } else { light_row * shape[2] + column };
        assert!(pixels[opposite] > 0.8, "{orientation}");
    }
    let images = read(folder.path()).unwrap();
    assert_eq!(images.shape(), [1, 8, 4]);
}

fn open_with(folder: &Path, fit: Fit) -> ImageBatches {
    let options = ImageOptions { fit, ..ImageOptions::default() };
    ImageBatches::open_with(folder.to_str().unwrap(), &options).unwrap()
}

#[test]
fn pictures_of_any_size_and_colour_are_made_alike_with_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, width) in [("a/1.png", 3), ("a/2.png", 5), ("b/3.png", 5)] {
        grey(path, name, width, 51);
    }
    let batches = open_with(path, Fit::Common);
    let told = "pictures of 2×3 to 2×5 (height×width) are made 2×5; --size chooses another size";
    assert_eq!((batches.shape(), batches.notices()), ([1, 2, 5], &[told.to_string()][..]));
    assert!(batches.read().unwrap().pixels().iter().all(|pixel| (pixel - 0.2).abs() < 1e-6));
    let kept = batches.preparation().unwrap();
    assert_eq!((kept.shape, kept.background), (Some([1, 2, 5]), 1.0));
    // As a model that was trained on these reads others.
    let again = ImageOptions::as_prepared(&kept);
    let others = ImageBatches::open_with(path.join("a").to_str().unwrap(), &again).unwrap();
    assert_eq!(others.read().unwrap().image(1), batches.read().unwrap().image(1));
    assert!(others.notices()[0].contains("as the first of 1×2×3, are made 1×2×5"), "{:?}", others.notices());

    RgbImage::from_pixel(4, 2, Rgb([255, 0, 0])).save(path.join("b/4.png")).unwrap();
    ImageBuffer::from_pixel(4, 2, LumaA([0u8, 0])).save(path.join("b/5.png")).unwrap();
    let batches = open_with(path, Fit::Size("6x8".parse().unwrap()));
    assert_eq!(batches.shape(), [3, 6, 8]);
    let told = batches.notices().concat();
    assert!(told.contains("4 of 5 are grey and get three equal channels beside colour"), "{told}");
    assert!(told.contains("1 of 5 may be transparent and lie on white (--background)"), "{told}");
    let images = batches.read().unwrap();
    assert_eq!((images.image(3)[0], images.image(3)[48], images.image(4)[0]), (1.0, 0.0, 1.0));
    // Large ones get a moderate size.
    grey(path, "a/large.png", 4000, 9);
    grey(path, "b/large.png", 3000, 9);
    grey(path, "b/larger.png", 3000, 9);
    fs::remove_file(path.join("a/1.png")).unwrap();
    fs::remove_file(path.join("a/2.png")).unwrap();
    assert_eq!(open_with(path, Fit::Common).shape(), [3, 1, 64]);
    // All alike: nothing is done, and nothing said.
    let batches = open_with(&path.join("a"), Fit::Common);
    assert_eq!((batches.shape(), batches.notices().len(), batches.preparation()), ([1, 2, 4000], 0, None));
}

#[test]
fn what_other_programs_leave_behind_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    grey(path, "a/1.png", 3, 0);
    fs::create_dir_all(path.join("__MACOSX/a")).unwrap();
    for name in ["__MACOSX/a/._1.png", ".DS_Store", "a/.DS_Store", "a/Thumbs.db", "a/._1.png", "a/2.HEIC"] {
        fs::write(path.join(name), "words").unwrap();
    }
    let batches = open_with(path, Fit::Refuse);
    assert_eq!((batches.len(), batches.read().unwrap().classes()), (1, &["a".to_string()][..]));
    let told = batches.notices().concat();
    assert!(
        told.starts_with("passed over: ") && told.ends_with("2.HEIC is of a format that is not read"),
        "{told}"
    );
    fs::remove_file(path.join("a/1.png")).unwrap();
    assert!(message(path).contains("in the folder of this class, but "), "{}", message(path));
    assert!(message(&path.join("a")).contains("no images that can be read, but"));
}

#[test]
fn what_is_white_in_pictures_of_16_bits_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    image::ImageBuffer::<image::Luma<u16>, _>::from_pixel(1, 1, image::Luma([819]))
        .save(folder.path().join("a.png"))
        .unwrap();
    let open = |white, usual_white| {
        ImageBatches::open_with(path, &ImageOptions { white, usual_white, ..ImageOptions::default() })
    };
    let pixels = |batches: &ImageBatches| batches.read().unwrap().pixels().to_vec();
    let asked = open(Some(4095.0), None).unwrap();
    assert_eq!(pixels(&asked), [0.2]);
    let notice = "pictures of 16 bits: 0 is taken for black and 4095 for white, as asked for";
    assert_eq!(asked.notices(), [notice]);
    let kept = asked.preparation().unwrap();
    assert_eq!((kept.white, kept.shape), (Some(4095.0), None));
    assert!(kept.white_was_told);
    let later = open(None, kept.white).unwrap();
    assert_eq!(
        (pixels(&later), later.notices().concat().ends_with("as in the training data")),
        (vec![0.2], true)
    );
    // What is white in bytes says nothing of 16 bits.
    for of_bytes in [None, Some(255.0)] {
        let plain = open(None, of_bytes).unwrap();
        assert_eq!(
            (pixels(&plain), plain.preparation(), plain.notices().len()),
            (vec![819.0 / 65535.0], None, 0)
        );
    }
    // What was told does, whatever it is.
    let told = open(Some(900.0), None).unwrap().preparation().unwrap();
    let asked = ImageOptions { usual_white: Some(200.0), ..ImageOptions::as_prepared(&told) };
    let text = ImageBatches::open_with(path, &asked).unwrap().read().unwrap_err().to_string();
    assert!(text.contains("a pixel is 819, brighter than white, 200"), "{text}");
    // A picture of 8 bits among them, wherever it stands.
    for other in ["0.png", "b.png"] {
        GrayImage::from_pixel(1, 1, Luma([51])).save(folder.path().join(other)).unwrap();
        let mixed = open(Some(4095.0), None).unwrap();
        assert_eq!((pixels(&mixed), mixed.notices().len()), (vec![0.2, 0.2], 1), "{other}");
        fs::remove_file(folder.path().join(other)).unwrap();
    }
    fs::remove_file(folder.path().join("a.png")).unwrap();
    grey(folder.path(), "a.png", 1, 0);
    let text = open(Some(4095.0), None).err().unwrap().to_string();
    assert!(text.contains("leave --white out, which is for pictures of 16 bits"), "{text}");
}

#[test]
fn unusable_folders_say_which_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert!(message(path).contains("the data set is empty"));
    fs::create_dir_all(path.join("b")).unwrap();
    let text = message(path);
    assert!(text.contains("b: no PNG, JPEG, WebP, BMP or TIFF images in the folder of this class"), "{text}");
    grey(path, "b/1.png", 3, 0);
    grey(path, "b/2.png", 4, 0);
    let text = message(path);
    assert!(text.contains("2.png: an image of 1×2×4, but") && text.contains("1.png is of 1×2×3"), "{text}");
    RgbImage::new(3, 2).save(path.join("b/2.png")).unwrap();
    let text = message(path);
    assert!(text.contains("2.png: an image of 3×2×3, but"), "{text}");
    let png = fs::read(path.join("b/1.png")).unwrap();
    for bad in [&b"words"[..], &png[..png.len() / 2], &[]] {
        fs::write(path.join("b/2.png"), bad).unwrap();
        let text = message(path);
        assert!(text.contains("2.png: not a readable PNG, JPEG, WebP, BMP or TIFF image"), "{text}");
    }
    grey(path, "loose.png", 3, 0);
    assert!(message(path).contains("also the image"), "{}", message(path));
}

#[test]
fn folders_in_the_place_of_classes_and_labels_in_tables_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["train/a/1.png", "train/b/1.png", "test/a/1.png"] {
        grey(path, name, 3, 0);
    }
    let text = message(path);
    assert!(text.contains("test: holds folders, where the images of a class should be; give"), "{text}");
    fs::write(path.join("train/labels.csv"), "file,label\n").unwrap();
    let batches = open_with(&path.join("train"), Fit::Refuse);
    assert!(
        batches.notices().concat().contains("labels.csv is not read; the folder"),
        "{:?}",
        batches.notices()
    );
    // Pictures whose names have no ending.
    fs::rename(path.join("test/a/1.png"), path.join("test/a/IM1")).unwrap();
    let text = message(&path.join("test"));
    assert!(text.contains("IM1 is of a format that is not read, as its name has no ending"), "{text}");
    fs::write(path.join("x.dcm"), [&[0; 128][..], b"DICM"].concat()).unwrap();
    let text = message(&path.join("x.dcm"));
    assert!(text.contains("is an image of a format that is not read; save it as PNG"), "{text}");
}
