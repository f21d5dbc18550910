"""Information content (IC): how surprising music is, moment by moment.

IC_t = -log p(x_t | x_<t) in nats, x a sequence of latent frames at 44,100 / 4,096 = 10.77 Hz.
Sources: M. R. Bjare et al., "Estimating musical surprisal in audio", arXiv 2501.07474 (AudioIC);
"Perceptually aligning representations of music via noise-augmented autoencoders", arXiv
2511.05350, and arXiv 2508.05306 (PA-AudioIC).
"""
