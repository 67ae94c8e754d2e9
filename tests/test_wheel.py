"""The addon can be installed by pip: its wheel is built and holds every file that its manifest names."""

import ast
import subprocess
import zipfile

from devtools import paths


def test_wheel_holds_the_addon(odoo, tmp_path):
    result = subprocess.run(
        [paths.PYTHON, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, paths.ADDON_FOLDER],
        env=odoo.environment(),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    manifest = ast.literal_eval((paths.ADDON_FOLDER / "__manifest__.py").read_text(encoding="utf-8"))
    assert wheel.name.startswith(f"odoo_addon_print_broker_crm-{manifest['version']}")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    prefix = f"odoo/addons/{paths.ADDON}/"
    expected = {*manifest["data"], *manifest.get("demo", []), "__manifest__.py", "i18n/zh_CN.po"}
    expected |= {
        path.relative_to(paths.ADDON_FOLDER).as_posix()
        for path in (paths.ADDON_FOLDER / "static").rglob("*")
        if path.is_file()
    }
    assert not {name for name in expected if prefix + name not in names}
