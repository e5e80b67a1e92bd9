//! scratch
use std::ops::ControlFlow;
use std::path::Path;
use cama::*;
use cama::manipulation::Manipulation;
use cama::mechanism::MechanismConfig;
fn acc(m: &DeepCama, d: &data::Images, c: MChoice, k: usize) -> f64 {
    let p = predict(m, d, &PredictConfig { samples: k, m: c, ..Default::default() }).unwrap();
    p.iter().zip(d.labels().unwrap()).filter(|(p, y)| p.class == **y).count() as f64 / d.len() as f64
}
// adapt MODEL MECH DREAMSTEPS STEPS LR ALPHA SPEC...
fn main() -> Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let device = device("cpu")?;
    let StoredModel { model, .. } = StoredModel::load(Path::new(&a[1]), &device)?;
    let train_data = data::load("mnist:train")?;
    let unl = data::load("mnist:test")?.slice(0..5000);
    let test = data::load("mnist:test")?.slice(5000..6000);
    let mut model = model.attach(&[], 1)?.attach(&MechanismConfig::parse_list(&a[2])?, 1)?;
    let t = std::time::Instant::now();
    let mut obs = |e: Event| {
        if let Event::Step { done, loss, .. } = e && done % 50 == 0 { eprintln!("  {done} {loss:.2} {:?}", t.elapsed()) }
        ControlFlow::Continue(())
    };
    let ds: usize = a[3].parse().unwrap();
    model = dream(model, &train_data, &DreamConfig { steps: ds, ..Default::default() }, 1, &mut obs)?;
    println!("dream {:?} clean null {} mean {}", t.elapsed(), acc(&model, &test, MChoice::Null, 4), acc(&model, &test, MChoice::Mean, 4));
    for spec in &a[7..] {
        let man: Manipulation = spec.parse()?;
        let u = man.apply_seeded(&unl, 11); let ts = man.apply_seeded(&test, 12);
        let t = std::time::Instant::now();
        println!("{spec}: before null {} mean {}", acc(&model, &ts, MChoice::Null, 4), acc(&model, &ts, MChoice::Mean, 4));
        let c = AdaptConfig { steps: a[4].parse().unwrap(), learning_rate: a[5].parse().unwrap(), alpha: a[6].parse().unwrap(), ..Default::default() };
        let ta = std::time::Instant::now();
        let r = adapt(&model, &u, Some(&train_data), &c, false, 1, &mut obs)?;
        println!("{:?}", r.report);
        let el = ta.elapsed();
        println!("{spec}: after mean {} sample {} clean {} ({:?} {:?})", acc(&r.model, &ts, MChoice::Mean, 4), acc(&r.model, &ts, MChoice::Sample, 4), acc(&r.model, &test, MChoice::Mean, 4), el, t.elapsed());
    }
    Ok(())
}
