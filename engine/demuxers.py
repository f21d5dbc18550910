"""What FFmpeg may open where a file is asked for: for the analysis and for the players."""

# The demuxers of audio files and of films. Not here: playlists and manifests, which open other
# files and addresses (hls, dash, concat, sdp, rtsp), devices, images and texts.
DEMUXERS = (
    "aac ac3 ac4 act aea aiff amr amrnb amrwb ape apm asf asf_o au avi avr bonk caf dsf dss dts "
    "dtshd ea eac3 flac flv gsm hca iff ircam loas mca mlp mp3 mpc mpc8 mpeg mpegts nsv nut ogg "
    "oma osq pva qcp qoa rka rm rso sbc shn sox spdif tak tta truehd voc vqf w64 wav wavarc wsd "
    "wsaud wv xa xwma matroska webm mov mp4 m4a 3gp 3g2 mj2"
).replace(" ", ",")
# Options of av.open(): for a file, and for a span of bytes in one.
FILES_ONLY = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
SPANS_ONLY = {**FILES_ONLY, "protocol_whitelist": "file,subfile"}
