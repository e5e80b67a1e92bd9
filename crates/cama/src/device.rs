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
    let missing = |problem: String| Error::Device { name: name.into(), problem };
    let (kind, index) = name.split_once(':').unwrap_or((name, "0"));
    let index: usize =
        index.parse().map_err(|_| missing(format!("`{index}` is not the number of a device")))?;
    match kind {
        "cpu" if index == 0 => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => probe(move || Device::cuda(index)).map_err(missing),
        #[cfg(feature = "wgpu")]
        "wgpu" if index == 0 => {
            probe(|| Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)).map_err(missing)
        }
        #[cfg(feature = "wgpu")]
        "wgpu" => probe(move || Device::wgpu(burn::tensor::DeviceKind::DiscreteGpu(index))).map_err(missing),
        "cpu" => {
            Err(missing("there is one CPU device, `cpu`; set the number of cores with --threads".into()))
        }
        "cuda" | "wgpu" => {
            Err(missing(format!("this program was built without it; build with `--features {kind}`")))
        }
        _ => Err(Error::unknown_name("device", kind, &["cpu", "cuda", "wgpu"])),
    }
}

/// Opens a device and runs one operation on it: Burn panics where a driver is not there.
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
