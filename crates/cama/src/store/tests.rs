//! What a folder says of itself reserves no memory: only its weights do.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

use crate::classifier::{DirectClassifier, DirectConfig};
use crate::data::{ChildColumn, ChildKind, DataShape, TableShape};
use crate::mechanism::MechanismConfig;
use crate::model::{DeepCama, GeneratorConfig, ModelConfig};
use crate::predict::{Bank, BankConfig};
use crate::{Cama, Config};

/// Counts the values of parameters that have any.
#[derive(Default)]
struct Reserved(usize);

impl ModuleVisitor for Reserved {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_initialized() {
            self.0 += param.shape().num_elements();
        }
    }
}

fn reserved(module: &impl Module) -> usize {
    let mut reserved = Reserved::default();
    module.visit(&mut reserved);
    reserved.0
}

fn table() -> DataShape {
    let column = |i: usize| ChildColumn { name: format!("X{i}"), kind: ChildKind::Number };
    TableShape { children: (0..5).map(column).collect(), parents: 3, co_parents: 2 }.into()
}

#[test]
fn a_model_that_is_still_to_be_read_holds_no_weights() {
    let device = Device::flex();
    let mut all = Vec::new();
    for data in [[1, 28, 28].into(), table()] {
        all.extend([ModelConfig::fast(data.clone(), 3), ModelConfig::paper(data, 3)]);
    }
    let field = MechanismConfig::parse_list("affine,photometric,field").unwrap();
    all.push(ModelConfig { mechanisms: field, ..ModelConfig::fast([1, 28, 28], 3) });
    let latent = MechanismConfig::parse_list("latent").unwrap();
    all.push(ModelConfig { mechanisms: latent, ..ModelConfig::fast([1, 28, 28], 3) });
    all.push(ModelConfig { generator: GeneratorConfig::Factor(vec![1, 2]), ..ModelConfig::fast(table(), 3) });
    for config in all {
        let checked = config.clone().check().unwrap();
        let (blank, drawn) = (DeepCama::blank(&checked, &device), DeepCama::new(&checked, 0, &device));
        // Priors, of a few numbers for each column.
        assert!(reserved(&blank) < 100, "{} {:?}", reserved(&blank), config.mechanisms);
        assert!(reserved(&drawn) > 1000);
        let direct = DirectClassifier::blank(&config, &DirectConfig::default().check().unwrap(), &device);
        assert_eq!(reserved(&direct), 0);
    }
    let latents = BankConfig { latents: vec![9; 3], z: 4, floor: 0.01, suspicious_above: 1.0, tried: vec![] };
    assert_eq!(reserved(&Bank::empty(&latents, &device)), 0);
    let endless = BankConfig { latents: vec![usize::MAX, 1, 1], ..latents };
    assert!(endless.check(3, 4).is_err());
}

#[test]
fn sizes_that_the_weights_do_not_have_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = ModelConfig::fast([1, 8, 8], 3);
    (config.z, config.network.hidden) = (2, 4);
    Cama::bare(DeepCama::new(&config.check().unwrap(), 0, &Device::flex())).save(folder.path()).unwrap();
    let path = folder.path().join("config.json");
    let sound = std::fs::read_to_string(&path).unwrap();
    for (name, other) in [
        ("\"hidden\": 4", "\"hidden\": 4096"),
        ("\"z\": 2", "\"z\": 3"),
        ("\"channels\": 32", "\"channels\": 512"),
    ] {
        assert!(sound.contains(name), "{name}");
        std::fs::write(&path, sound.replacen(name, other, 1)).unwrap();
        let text = Cama::load(folder.path()).unwrap_err().to_string();
        assert!(text.contains("model.safetensors cannot be read"), "{text}");
    }
    std::fs::write(&path, sound).unwrap();
    assert!(Cama::load(folder.path()).is_ok());
}
