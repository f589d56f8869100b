"""How large the media of strangers may be, and what decoding them may cost: every limit once, each with its reason."""

from __future__ import annotations

# Films
MAX_FILM_BYTES = 4_000_000_000
"""Ten minutes of a phone's 4K at 50 Mbit/s; a build takes the digest of every byte."""
MAX_FILM_S = 600.0
"""Capture takes about twice as long as the film on a slow core, and a stage has half an hour."""
MAX_FILM_FRAMES = 36_000
"""Ten minutes at 60 frames a second, two and a half at 240."""
MAX_FRAME_PIXELS = 36_000_000
"""8K of a cinema camera, 8192 x 4320; the decoder keeps up to seventeen of them."""

# Pictures
MAX_PICTURE_BYTES = 100_000_000
"""No portrait is larger."""
MAX_PICTURE_PIXELS = 64_000_000
"""A square of 8000; 256 MB as RGBA."""

# Motion capture
MAX_BVH_BYTES = 100_000_000
"""An hour of 60 joints at 30 frames a second has 170 MB, the longest public recordings 30 MB."""
MAX_BVH_VALUES = 20_000_000
"""Frames times channels, or times three for each joint: an hour of 60 joints at 30 frames a second; a gigabyte on its way to a clip."""
MAX_BVH_LINE = 1_000_000
"""Characters: a frame of a thousand joints has about a hundred thousand."""

# Sound
MAX_SOUND_BYTES = 100_000_000
"""Three minutes of 32-bit stereo at 48 kHz have 70 MB."""
MAX_SOUND_S = 120.0
"""Of a voice to imitate: models use the first half minute."""
MAX_RECORDING_BYTES, MAX_RECORDING_S = 250_000_000, 1200.0
"""Of a recorded talk: twenty minutes at 48 kHz, which as float32 fill MAX_REPLY_BYTES nearly; as 16-bit stereo they have 230 MB."""
MAX_SOUND_RATE = 384_000
"""Hz: the highest rate of studio converters."""
MAX_SOUND_CHANNELS = 8

# Documents
MAX_PDF_BYTES, MAX_PDF_PAGES = 50_000_000, 300
"""A brochure with photographs has ten megabytes; a few pages already have more passages than one speaks."""
MAX_PDF_PAGE_CHARACTERS = 50_000
"""A page of a newspaper has fifteen thousand."""

# The decoder's process
DECODER_MEMORY_BYTES = 4_000_000_000
"""Address space with the libraries: the most that was measured is 2.3 GB, of an 8K film in FFV1 on four threads."""
DECODER_THREADS = 4
"""Of ffmpeg: each takes memory, 4.9 GB with sixteen."""
DECODER_CPU_S = 60
"""Of computing for one frame, picture or sound; the slowest legal one takes five seconds."""
DECODER_TOTAL_CPU_S = 4 * 3600
"""In a process's life, whatever it decodes: ten minutes of 8K take two hours of one core."""
DECODER_WAIT_S = 120.0
"""For the next frame, picture or sound on a machine whose cores are all busy."""
DECODER_OPEN_FILES = 64
MAX_REPLY_BYTES = 4 * MAX_PICTURE_PIXELS
"""Of one decoded frame, picture or sound: no reply of a decoder fills our memory."""
