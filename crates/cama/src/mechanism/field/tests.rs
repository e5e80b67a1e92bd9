use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Device;
use rand::SeedableRng;

use super::*;
use crate::network::Initialisation;

const SHAPE: [usize; 3] = [2, 7, 10];
const WIDTH: usize = 140;

/// A small field; with a slope of 1 it has no kinks, so that finite differences mean something.
fn field(negative_slope: f64) -> Field {
    let device = Device::flex();
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut init = Init { scheme: Initialisation::He, negative_slope, rng, device: &device, blank: false };
    let mut dreams = FieldDreams { most_noise: 0.1, ..FieldDreams::default() };
    (dreams.inverted, dreams.lit, dreams.covered, dreams.noisy) = (0.5, 0.5, 0.5, 0.5);
    let config = FieldConfig { channels: 3, grid: 3, dreams, ..FieldConfig::default() };
    Field::new(&config, &SHAPE.into(), &mut init)
}

fn images(n: usize) -> Tensor<2> {
    let pixels: Vec<f32> = (0..n * WIDTH).map(|i| 0.5 + 0.45 * (i as f32 * 0.7).sin()).collect();
    Tensor::from_data(TensorData::new(pixels, [n, WIDTH]), &Device::flex())
}

fn direction<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| ((i * i) as f32 * 1.3 + 0.4).sin()).collect();
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    let values = values.iter().map(|v| v / length).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn scalar(value: Tensor<1>) -> f64 {
    f64::from(value.into_scalar::<f32>())
}

/// Every tensor's gradient along a fixed direction.
struct Slopes<'a>(&'a GradientsParams, Vec<f64>);

impl ModuleVisitor for Slopes<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let along = self.0.get::<D>(param.id).map(|g| scalar((g * direction(param.val().dims())).sum()));
        self.1.push(along.unwrap_or(f64::NAN));
    }
}

/// Moves the `target`-th tensor along its direction.
struct Move {
    target: usize,
    by: f64,
    seen: usize,
}

impl ModuleMapper for Move {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let here = self.seen == self.target;
        self.seen += 1;
        if !here {
            return param;
        }
        let by = self.by;
        param.map(|w| w.clone() + direction(w.dims()).mul_scalar(by))
    }
}

#[test]
fn the_loss_has_the_gradients_that_finite_differences_show() {
    let field = field(1.0);
    let dream = field.dream(images(3), None, &mut ChaCha8Rng::seed_from_u64(4));
    let loss = |field: &Field| field.loss(&dream).sum();
    let trained = field.clone().train();
    let grads = GradientsParams::from_grads(loss(&trained).backward(), &trained);
    let mut slopes = Slopes(&grads, Vec::new());
    trained.visit(&mut slopes);
    assert_eq!(slopes.1.len(), 24, "nine convolutions and three linear layers");
    for (target, slope) in slopes.1.into_iter().enumerate() {
        let value = |by: f64| scalar(loss(&field.clone().map(&mut Move { target, by, seen: 0 })));
        let central = |h: f64| (value(h) - value(-h)) / (2.0 * h);
        let numeric = (4.0 * central(0.01) - central(0.02)) / 3.0;
        assert!(
            (slope - numeric).abs() < 0.02 * slope.abs() + 0.05,
            "tensor {target}: backward {slope}, differences {numeric}"
        );
    }
}

#[test]
fn restoration_can_be_differentiated_in_the_image() {
    let field = field(1.0);
    let score = |x: Tensor<2>| (field.restore(x) * direction([1, WIDTH])).sum();
    let x = images(1);
    let leaf = x.clone().autodiff().require_grad();
    let gradient = leaf.grad(&score(leaf.clone()).backward()).unwrap();
    for i in 0..4 {
        let towards = direction([1, WIDTH]).mul_scalar(1.0 + f64::from(i)).sin();
        let moved = |by: f64| scalar(score(x.clone() + towards.clone().mul_scalar(by)));
        let numeric = (moved(0.02) - moved(-0.02)) / 0.04;
        let along = scalar((gradient.clone() * towards).sum());
        assert!((numeric - along).abs() < 0.02 * along.abs() + 1e-3, "{i}: {numeric} {along}");
    }
}

#[test]
fn the_loss_is_that_of_its_terms() {
    let field = field(0.2);
    let dream = field.dream(images(2), None, &mut ChaCha8Rng::seed_from_u64(2));
    let posterior = field.posterior(dream.seen.clone());
    let [log_kinds, kinds] = [posterior.log_kinds, dream.kinds.clone()].map(host);
    let [clean, truth, light, lit] =
        [posterior.clean, dream.clean.clone(), posterior.light, dream.light.clone()].map(host);
    for (i, loss) in host(field.loss(&dream)).into_iter().enumerate() {
        let row = |all: &[f32]| all[i * all.len() / 2..(i + 1) * all.len() / 2].to_vec();
        let pairs = |a: &[f32], b: &[f32]| row(a).into_iter().zip(row(b)).collect::<Vec<_>>();
        let of_kinds: f32 = pairs(&log_kinds, &kinds).iter().map(|(log_p, p)| -log_p * p).sum();
        let of_pixels: f32 =
            pairs(&clean, &truth).iter().map(|(logit, x)| (1.0 + logit.exp()).ln() - x * logit).sum();
        let of_light: f32 = pairs(&light, &lit).iter().map(|(a, b)| (a - b).powi(2)).sum();
        let wanted = 0.5 * of_kinds + of_pixels / 2.0 + 0.5 * of_light;
        assert!((loss - wanted).abs() < 1e-3 * wanted, "{loss} {wanted}");
    }
}

#[test]
fn maps_have_a_number_for_every_pixel_of_every_image() {
    let field = field(0.2);
    let maps = field.maps(&field.posterior(images(3)));
    assert_eq!(maps.len(), 3);
    for map in &maps {
        assert!([&map.covered, &map.inverted, &map.gain, &map.bias].iter().all(|plane| plane.len() == 70));
        assert!(map.covered.iter().zip(&map.inverted).all(|(a, b)| *a > 0.0 && *b > 0.0 && a + b < 1.0));
        let FieldSummary { covered, inverted, gain, bias } = map.summary();
        assert!(covered < 1.0 && inverted < 1.0 && gain > 0.0 && bias.is_finite());
    }
}

#[test]
fn what_is_drawn_is_what_was_most_probably_done_to_an_image() {
    let (field, x) = (field(0.2), images(3));
    let of_data = field.of_data([x.clone()].into_iter());
    let posterior = field.posterior(x.clone());
    let (seen, area) = (host(x), WIDTH / 2);
    let mut drawn = [false; 3];
    for seed in 0..20 {
        let super::dreams::Damage { m, light } =
            of_data.draw(field.config(), field.image, &mut ChaCha8Rng::seed_from_u64(seed));
        let i = seen.chunks_exact(WIDTH).position(|image| image == m.paint).expect("one of the images");
        drawn[i] = true;
        let maps = &field.maps(&posterior)[i];
        for at in 0..area {
            let [covered, inverted] = [maps.covered[at], maps.inverted[at]];
            let intact = 1.0 - covered - inverted;
            let most = covered.max(inverted).max(intact);
            // Ties are none of ours.
            assert!(m.covered[at] == 0.0 || covered > most - 1e-5);
            assert!(m.inverted[at] == 0.0 || inverted > most - 1e-5);
            assert!(m.covered[at] + m.inverted[at] == 1.0 || intact > most - 1e-5);
        }
        let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(same(&m.gain, &maps.gain) && same(&m.bias, &maps.bias));
        assert_eq!(light.len(), 2 * field.config().grid.pow(2));
    }
    assert_eq!(drawn, [true; 3]);
}
