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
    let mut mechs = MechanismConfig::parse_list(&a[2])?;
    for m in &mut mechs { if let (MechanismConfig::Photometric(c), Ok(g)) = (m, std::env::var("G")) { c.log_gain = g.parse().unwrap(); c.bias = std::env::var("B").unwrap().parse().unwrap(); } }
    let mut model = model.attach(&[], 1)?.attach(&mechs, 1)?;
    let t = std::time::Instant::now();
    let mut obs = |e: Event| {
        if let Event::Step { done, loss, .. } = e && done % 50 == 0 { eprintln!("  {done} {loss:.2} {:?}", t.elapsed()) }
        ControlFlow::Continue(())
    };
    let ds: usize = a[3].parse().unwrap();
    model = dream(model, &train_data, &DreamConfig { steps: ds, off: env("OFF", 0.4), gradient_clip: env("DCLIP", 10.0), learning_rate: env("DLR", 1e-3), batch: env("DB", 64.0) as usize, ..Default::default() }, 1, &mut obs)?;
    println!("dream {:?} clean null {} mean {}", t.elapsed(), acc(&model, &test, MChoice::Null, 4), acc(&model, &test, MChoice::Mean, 4));
    for spec in &a[7..] {
        let man: Manipulation = spec.parse()?;
        let u = man.apply_seeded(&unl, 11); let ts = man.apply_seeded(&test, 12);
        let t = std::time::Instant::now();
        println!("{spec}: before null {} mean {}", acc(&model, &ts, MChoice::Null, 4), acc(&model, &ts, MChoice::Mean, 4));
        let c = AdaptConfig { steps: a[4].parse().unwrap(), learning_rate: a[5].parse().unwrap(), alpha: a[6].parse().unwrap(), gradient_clip: env("CLIP", 200.0), batch: env("AB", 48.0) as usize,..Default::default() };
        let ta = std::time::Instant::now();
        let r = adapt(&model, &u, Some(&train_data), &c, false, 1, &mut obs)?;
        println!("{:?}", r.report);
        let el = ta.elapsed();
        for i in 0..4 {
            let x = burn::tensor::Tensor::<2>::from_data(burn::tensor::TensorData::new(ts.image(i).to_vec(), [1, 784]), &device);
            let p = r.model.manipulation().unwrap(); let q = p.posterior(x);
            let m: Vec<f32> = q.mean.into_data().iter::<f32>().collect(); let v: Vec<f32> = q.log_var.into_data().iter::<f32>().collect();
            let d: Vec<String> = p.parameters().iter().zip(m.iter().zip(&v)).map(|(p, (m, v))| format!("{} {:.3} (m {:.2} sd {:.3})", p.name, p.value(*m as f64), m, (0.5 * v).exp())).collect();
            println!("    {}", d.join("; "));
        }
        println!("{spec}: after mean {} sample {} clean {} ({:?} {:?})", acc(&r.model, &ts, MChoice::Mean, 4), acc(&r.model, &ts, MChoice::Sample, 4), acc(&r.model, &test, MChoice::Mean, 4), el, t.elapsed());
    }
    Ok(())
}

fn env(k: &str, d: f64) -> f64 { std::env::var(k).map(|v| v.parse().unwrap()).unwrap_or(d) }
