//! Predictions in parts are those of the whole, byte for byte.

use std::fs;
use std::path::Path;

use cama::data::{ImageBatches, Images, write_folder, write_npz};
use cama::mechanism::MechanismConfig;
use cama::{Card, Config, DeepCama, Guard, M, ModelConfig, Rule, Seeds, TrunkConfig, device};

use super::*;
use crate::flags::ReadFlags;

/// A model that knows nothing, with a guard that lets some through.
fn model(shape: [usize; 3]) -> Cama {
    let mut config = ModelConfig::fast(shape, 10);
    config.mechanisms = MechanismConfig::parse_list("affine").unwrap();
    (config.z, config.network.hidden) = (2, 4);
    if let TrunkConfig::Convolutional(trunk) = &mut config.network.trunk {
        trunk.channels = 2;
    }
    let model = DeepCama::new(&config.check().unwrap(), 0, &device("cpu").unwrap());
    let volume = shape.iter().product::<usize>() as f64;
    let guard = Guard {
        threshold: 0.7 * volume,
        mean: 0.5 * volume,
        median: 0.5 * volume,
        agreement: 0.9,
        examples: 50,
    };
    Cama::bare(model).with_guard(Some(guard)).with_card(Card { m: M::Mean, ..Card::default() })
}

fn session() -> Session {
    Session {
        seeds: Seeds::new(3),
        device: device("cpu").unwrap(),
        quiet: true,
        verbose: false,
        command: String::new(),
        indent: "",
        kept_warnings: Some(Default::default()),
    }
}

/// One specification a format, of more than 50 images, so that the guard looks at them as a whole.
fn of_every_format(folder: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let digits = cama::data::load("mnist:test[..60]").unwrap();
    let bytes: Vec<u8> = digits.pixels().iter().map(|p| (p * 255.0).round() as u8).collect();
    let mut idx: Vec<u8> = [0x803u32, 60, 28, 28].iter().flat_map(|n| n.to_be_bytes()).collect();
    idx.extend(&bytes);
    fs::write(path("digits"), idx).unwrap();
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (60, 28, 28), }\n";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes().chain(bytes));
    fs::write(path("digits.npy"), npy).unwrap();
    write_npz(path("digits.npz"), &digits).unwrap();
    fs::create_dir(path("folder")).unwrap();
    write_folder(folder.join("folder"), &digits, &mut || std::ops::ControlFlow::Continue(())).unwrap();
    let record =
        |i: usize| (0..3073).map(move |at| if at == 0 { (i % 10) as u8 } else { (i * at % 251) as u8 });
    fs::write(path("cifar.bin"), (0..60).flat_map(record).collect::<Vec<u8>>()).unwrap();
    let mut specs: Vec<String> =
        ["digits", "digits.npy", "digits.npz", "folder", "cifar.bin"].map(path).to_vec();
    specs.extend(["mnist:train[7..68]", "shapes:55", "shapes:100[30..90]"].map(String::from));
    specs
}

/// The CSV that comes out when images of more than `most` bytes are predicted in batches.
fn predicted(spec: &str, most: usize, manipulate: Option<(&str, u64)>) -> String {
    let cama = model(ImageBatches::open(spec).unwrap().shape());
    let predictor = cama.predictor().rule(Rule::Bayes).configure(|config| {
        (config.samples, config.seed, config.chunk) = (2, 5, Some(90));
    });
    let reading = ReadFlags::default();
    let session = session();
    let wanted =
        Wanted { spec, labelled: false, manipulate, cama: &cama, reading: &reading, session: &session };
    let mut out = Vec::new();
    let batches = wanted.image_batches().unwrap().batch_size(7);
    let mut csv = Csv::new(&mut out, cama.classes());
    images(&batches, most, &predictor, &session, &mut csv).unwrap();
    csv.finish().unwrap();
    drop(csv);
    String::from_utf8(out).unwrap()
}

#[test]
fn parts_are_predicted_as_the_whole_is_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for spec in of_every_format(folder.path()) {
        let whole = predicted(&spec, usize::MAX, None);
        let images: Images = cama::data::load(&spec).unwrap();
        assert_eq!(whole.lines().count(), 1 + images.len(), "{spec}");
        assert!(predicted(&spec, 0, None) == whole, "{spec}");
    }
}

#[test]
fn what_is_manipulated_in_parts_is_what_is_manipulated_as_a_whole() {
    let manipulate = Some(("rotate:40+noise:0.1", 9));
    let whole = predicted("mnist:test[..60]", usize::MAX, manipulate);
    assert!(whole == predicted("mnist:test[..60]", 0, manipulate));
    assert!(whole != predicted("mnist:test[..60]", 0, None));
}
