"""New plugins: complete packages, made from the files in this folder."""

from dalle_kit.scaffold.package import NewPlugin, new_plugin

__all__ = ["NewPlugin", "new_plugin"]
