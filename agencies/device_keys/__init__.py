"""Keys of people's devices: content is sealed to them, and what they seal is signed by them."""

from agencies.device_keys.reading import DeviceKey, live_of, of_person

__all__ = ["DeviceKey", "live_of", "of_person"]
