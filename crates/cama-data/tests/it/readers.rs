//! Every reader of images and tables meets damaged files and files of something else.

use std::fs;
use std::io::Write;
use std::path::Path;

use cama_causal::Roles;
use cama_data::table::{LearnOptions, Missing, Schema};
use cama_data::{ImageBatches, ImageOptions, Images, write_npz};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::damage::{self, Sound};

/// An image file that is read.
fn image_file(name: &str, bytes: Vec<u8>) -> Sound<'static> {
    let read = |path: &Path| {
        let images = ImageBatches::open_with(path.to_str().unwrap(), &ImageOptions::default());
        images.and_then(|images| images.read()).is_ok()
    };
    Sound { name: name.into(), bytes, read: Box::new(read) }
}

/// A table that is read.
fn table_file(name: &str, bytes: Vec<u8>) -> Sound<'static> {
    let read = |path: &Path| {
        let names = |text: &str| text.split(' ').map(str::to_string).collect();
        let roles = Roles { target: "y".into(), children: names("x k"), ..Roles::default() };
        let options = LearnOptions { missing: Missing::Impute, ..LearnOptions::default() };
        Schema::learn(path.to_str().unwrap(), &roles, &options).is_ok()
    };
    Sound { name: name.into(), bytes, read: Box::new(read) }
}

fn images(folder: &Path) -> Vec<Sound<'static>> {
    let pixels: Vec<f32> = (0..6 * 64).map(|i| (i % 251) as f32 / 255.0).collect();
    let classes = vec!["a".to_string(), "b".to_string()];
    let images = Images::new("six", [1, 8, 8], pixels, Some(vec![0, 1, 0, 1, 0, 1]), classes).unwrap();
    write_npz(folder.join("x.npz"), &images).unwrap();
    let mut idx: Vec<u8> = [0x803u32, 6, 8, 8].iter().flat_map(|n| n.to_be_bytes()).collect();
    idx.extend((0..6 * 64u32).map(|i| (i % 251) as u8));
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4, 4), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend(118u16.to_le_bytes());
    npy.extend(format!("{header:<117}\n").as_bytes());
    npy.extend((0..48).flat_map(|i| (f64::from(i) / 48.0).to_le_bytes()));
    let picture = image::RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 90]));
    let mut all = vec![
        image_file("x.npz", fs::read(folder.join("x.npz")).unwrap()),
        image_file("x-images-idx3-ubyte.gz", gzipped(&idx)),
        image_file("x-images-idx3-ubyte", idx),
        image_file("x.npy", npy),
        image_file("data_batch_1.bin", (0..2 * 3073).map(|i| (i % 10) as u8).collect()),
    ];
    for name in ["x.png", "x.jpg", "x.webp", "x.bmp", "x.tif"] {
        let path = folder.join(name);
        picture.save(&path).unwrap();
        all.push(image_file(name, fs::read(path).unwrap()));
    }
    all
}

fn tables(folder: &Path) -> Vec<Sound<'static>> {
    let mut csv = String::from("y,x,k\n");
    (0..30).for_each(|i| {
        csv += &format!("{},{},{}\n", ["no", "yes"][i % 2], i as f64 / 7.0, ["a", "b", ""][i % 3])
    });
    let path = folder.join("x.parquet");
    let schema = "message t { required binary y (UTF8); required double x; required binary k (UTF8); }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts = |of: &[&'static str]| (0..30).map(|i| ByteArray::from(of[i % of.len()])).collect::<Vec<_>>();
    let numbers: Vec<f64> = (0..30).map(|i| f64::from(i) / 7.0).collect();
    for at in 0..3 {
        let mut column = group.next_column().unwrap().unwrap();
        match at {
            1 => column.typed::<DoubleType>().write_batch(&numbers, None, None).unwrap(),
            0 => column.typed::<ByteArrayType>().write_batch(&texts(&["no", "yes"]), None, None).unwrap(),
            _ => column.typed::<ByteArrayType>().write_batch(&texts(&["a", "b", "c"]), None, None).unwrap(),
        };
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    let (gz, zst) = (gzipped(csv.as_bytes()), zstd::encode_all(csv.as_bytes(), 3).unwrap());
    vec![
        table_file("x.csv", csv.into_bytes()),
        table_file("x.csv.gz", gz),
        table_file("x.csv.zst", zst),
        table_file("x.parquet", fs::read(path).unwrap()),
    ]
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn damaged_images_neither_panic_nor_hang_nor_reserve_memory_without_end() {
    damage::bounded(
        "readers::damaged_images_neither_panic_nor_hang_nor_reserve_memory_without_end",
        10,
        || {
            let folder = tempfile::tempdir().unwrap();
            damage::meet(&images(folder.path()));
        },
    );
}

#[test]
fn damaged_tables_neither_panic_nor_hang_nor_reserve_memory_without_end() {
    damage::bounded(
        "readers::damaged_tables_neither_panic_nor_hang_nor_reserve_memory_without_end",
        4,
        || {
            let folder = tempfile::tempdir().unwrap();
            damage::meet(&tables(folder.path()));
        },
    );
}
