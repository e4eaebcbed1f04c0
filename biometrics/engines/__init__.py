"""Face engines: one module each, all behind `biometrics.protocols.FaceEngine`."""
