"""What every command stands on: settings, tasks, file formats, flags."""
