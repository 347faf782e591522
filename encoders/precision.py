"""Which number format a device computes fastest in without emulation."""

import platform
from pathlib import Path
from typing import Any

import torch

CPU_INFO = Path("/proc/cpuinfo")  # arm64 names bf16 only here


def pick_device(device: str | None = None) -> torch.device:
    """The device asked for, else CUDA where there is one, else the processor."""
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def native_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it natively (AVX512-BF16, AMX, arm bf16, CUDA from Ampere on), else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if device.type == "cpu" and _processor_has_bf16() else torch.float32


def cast_(module: Any, dtype: torch.dtype) -> Any:
    """The module with its parameters in `dtype`, in place; buffers, such as the frequencies of positions, keep their precision."""
    for parameter in module.parameters():
        parameter.data = parameter.data.to(dtype)
    return module


def _processor_has_bf16() -> bool:
    if platform.machine().lower() in {"x86_64", "amd64"}:
        probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(bool(getattr(torch.cpu, probe, bool)()) for probe in probes)
    return "bf16" in CPU_INFO.read_text(errors="replace").split() if CPU_INFO.exists() else False
