#!/usr/bin/env bash
# Fetch MathJax and the Jupyter widget bundle into book/_vendor, so that the pages load nothing from
# elsewhere. Without npm, or without the network, says so and leaves the public copies in use.
set -euo pipefail
cd "$(dirname "$0")/.."
target=book/_vendor
[ -d "$target/mathjax" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "npm is not installed: pages will load MathJax and widgets from their public copies"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "Fetching MathJax and the widget bundle with npm ..."
if ! (cd "$work" && npm pack --silent mathjax@3.2.2 @jupyter-widgets/html-manager@1.0.15 >/dev/null); then
    echo "npm could not fetch them: pages will load MathJax and widgets from their public copies"
    exit 0
fi
mkdir "$work/mathjax-package" "$work/widgets-package" "$work/vendor" "$work/vendor/widgets"
tar -xzf "$work"/mathjax-*.tgz -C "$work/mathjax-package"
tar -xzf "$work"/jupyter-widgets-*.tgz -C "$work/widgets-package"
mv "$work/mathjax-package/package/es5" "$work/vendor/mathjax"
cp "$work"/widgets-package/package/dist/*.{js,woff,woff2,ttf,eot,svg} "$work/vendor/widgets/"
rm -rf "$target"
mv "$work/vendor" "$target"
