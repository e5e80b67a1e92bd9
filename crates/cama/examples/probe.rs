use std::ops::ControlFlow;
use cama::*;
fn main() -> Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[1].parse().unwrap();
    let epochs: usize = a[2].parse().unwrap();
    let device = device("cpu")?;
    let mut data = data::load("mnist:train")?;
    if n < 60000 { data = data.slice(0..n); }
    let test = data::load("mnist:test")?.slice(5000..7000);
    let model = DeepCama::new(&ModelConfig::fast([1, 28, 28], 10), 1, &device)?;
    let config = TrainConfig { epochs, ..TrainConfig::fast() };
    let t = std::time::Instant::now();
    let mut obs = |e: Event| {
        match e {
            Event::Step { done, loss, .. } if done % 50 == 0 => println!("{done} {loss:.2} {:?}", t.elapsed()),
            Event::Epoch(e) => println!("{}", serde_json::to_string(e).unwrap()),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let trained = train(model, &data, None, &config, 1, None, &mut obs)?;
    let t = std::time::Instant::now();
    for k in [1, 10] {
        let p = predict(&trained.model, &test, &PredictConfig { samples: k, ..Default::default() })?;
        let acc = p.iter().zip(test.labels().unwrap()).filter(|(p, y)| p.class == **y).count();
        println!("K={k} {} {:?}", acc as f64 / test.len() as f64, t.elapsed());
    }
    StoredModel { model: trained.model, card: Card { classes: test.classes().to_vec(), ..Default::default() } }.save(std::path::Path::new("/tmp/m0"))?;
    Ok(())
}
