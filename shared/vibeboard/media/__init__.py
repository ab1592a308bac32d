"""FFmpeg graphs, probing, proxies, dailies, conform, package. The only package that starts processes."""
