//! Devices by name.

use burn::tensor::Device;

use crate::{Error, Result};

/// Names of the devices that this build knows.
pub fn device_names() -> Vec<&'static str> {
    let mut names = vec!["cpu"];
    if cfg!(feature = "cuda") {
        names.push("cuda");
    }
    if cfg!(feature = "wgpu") {
        names.push("wgpu");
    }
    names
}

/// The device called `name`: `cpu`, `cuda`, `cuda:1`, `wgpu`.
///
/// # Errors
///
/// If this build does not know it, or if it does not work on this machine.
pub fn device(name: &str) -> Result<Device> {
    let (kind, index) = name.split_once(':').unwrap_or((name, "0"));
    let index: usize = index.parse().map_err(|_| Error::Device {
        name: name.into(),
        problem: format!("`{index}` is not the number of a device"),
    })?;
    let opened: Result<Device, String> = match kind {
        "cpu" => return Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => probe(|| Device::cuda(index)),
        #[cfg(feature = "wgpu")]
        "wgpu" => probe(|| Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        "cuda" | "wgpu" => {
            let problem = format!("this program was built without it; build with `--features {kind}`");
            return Err(Error::Device { name: name.into(), problem });
        }
        _ => return Err(Error::unknown_name("device", name, &["cpu", "cuda", "wgpu"])),
    };
    let _ = index;
    opened.map_err(|problem| Error::Device { name: name.into(), problem })
}

/// Opens a device and runs one operation on it; drivers that are not there make Burn panic.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn probe(open: impl FnOnce() -> Device + std::panic::UnwindSafe) -> Result<Device, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let opened = std::panic::catch_unwind(|| {
        let device = open();
        let sum = burn::tensor::Tensor::<1>::ones([4], &device).sum().into_scalar::<f32>();
        (sum == 4.0).then_some(device)
    });
    std::panic::set_hook(hook);
    match opened {
        Ok(Some(device)) => Ok(device),
        _ => Err("no such device answers on this machine; is its driver installed?".into()),
    }
}

