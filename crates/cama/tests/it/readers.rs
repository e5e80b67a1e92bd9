//! The reader of model folders meets damaged files and files of something else.

#[path = "../../../cama-data/tests/it/damage/mod.rs"]
mod damage;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use cama::Cama;
use cama::data::Images;
use cama::mechanism::MechanismConfig;
use damage::Sound;

use crate::stored_tables::stored;

/// The files of a model folder by their names.
type Files = Rc<BTreeMap<String, Vec<u8>>>;

/// A model of images, hardly trained, with a direct classifier, a field and clean examples.
fn of_images() -> Cama {
    let pixels: Vec<f32> = (0..60 * 64).map(|i| (i % 251) as f32 / 255.0).collect();
    let classes = vec!["a".to_string(), "b".to_string()];
    let labels = (0..60).map(|i| i % 2).collect();
    let images = Images::new("sixty", [1, 8, 8], pixels, Some(labels), classes).unwrap();
    let mut mechanisms = MechanismConfig::parse_list("affine,photometric,field").unwrap();
    for mechanism in &mut mechanisms {
        if let MechanismConfig::Field(field) = mechanism {
            (field.steps, field.channels) = (1, 2);
        }
    }
    let builder = Cama::builder(&images).seed(1).mechanisms(mechanisms).configure(|config| {
        (config.model.z, config.model.network.hidden) = (2, 4);
        (config.train.epochs, config.direct.epochs) = (1, 1);
        (config.dream.steps, config.direct.hidden, config.direct.channels) = (1, 4, 2);
    });
    builder.fit().unwrap()
}

fn files_of(cama: &Cama) -> Files {
    let folder = tempfile::tempdir().unwrap();
    cama.save(folder.path()).unwrap();
    let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let named = entries.map(|name| name.into_string().unwrap());
    Rc::new(named.map(|name| (name.clone(), fs::read(folder.path().join(name)).unwrap())).collect())
}

/// The file `name` of a model folder whose other files are sound, and which says of the file what checksum it has.
fn file_of(kind: &str, files: &Files, name: &str) -> Sound<'static> {
    let (all, of) = (files.clone(), name.to_string());
    let checksum = crc32fast::hash(&files[name]).to_string();
    let read = move |path: &Path| {
        let damaged = fs::read(path).unwrap();
        let folder = path.parent().unwrap().join("m");
        if !folder.exists() {
            fs::create_dir(&folder).unwrap();
            all.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).unwrap());
        }
        if of != "config.json" {
            // Else its checksum is all that is ever looked at.
            let config = String::from_utf8(all["config.json"].clone()).unwrap();
            let config = config.replace(&checksum, &crc32fast::hash(&damaged).to_string());
            fs::write(folder.join("config.json"), config).unwrap();
        }
        fs::write(folder.join(&of), damaged).unwrap();
        Cama::load(folder).is_ok()
    };
    Sound { name: format!("{kind}-{name}"), bytes: files[name].clone(), read: Box::new(read) }
}

#[test]
fn damaged_models_neither_panic_nor_hang_nor_reserve_memory_without_end() {
    let name = "readers::damaged_models_neither_panic_nor_hang_nor_reserve_memory_without_end";
    damage::bounded(name, 8, || {
        let folder = tempfile::tempdir().unwrap();
        let (images, table) = (of_images(), stored(folder.path()).0);
        let bytes = images.to_bytes().unwrap();
        let (images, table) = (files_of(&images), files_of(&table));
        let mut all: Vec<Sound> = ["config.json", "model.safetensors", "direct.safetensors", "clean.bin"]
            .map(|name| file_of("images", &images, name))
            .into();
        all.extend(["config.json", "model.safetensors"].map(|name| file_of("table", &table, name)));
        let read = |path: &Path| Cama::from_bytes(&fs::read(path).unwrap()).is_ok();
        all.push(Sound { name: "model.bytes".into(), bytes, read: Box::new(read) });
        damage::meet(&all);
    });
}
