#!/usr/bin/env bash
# Fetch what pages need from elsewhere, so that a reader's browser asks this site alone: MathJax and
# the Jupyter widget bundle into book/_vendor; axe-core, which the browser tests run, into
# tests/browser/_vendor. Without npm, or without the network, says so and leaves the public copies.
set -euo pipefail
cd "$(dirname "$0")/.."
pages=book/_vendor
checks=tests/browser/_vendor
[ -d "$pages/mathjax" ] && [ -f "$checks/axe.min.js" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "npm is not installed: pages will load MathJax and widgets from their public copies"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "Fetching MathJax, the widget bundle and axe-core with npm ..."
packages="mathjax@3.2.2 @jupyter-widgets/html-manager@1.0.15 axe-core@4.10.3"
if ! (cd "$work" && npm pack --silent $packages >/dev/null); then
    echo "npm could not fetch them: pages will load MathJax and widgets from their public copies"
    exit 0
fi
for name in mathjax jupyter-widgets axe-core; do
    mkdir "$work/$name"
    tar -xzf "$work/$name"-*.tgz -C "$work/$name"
done
mkdir -p "$work/vendor/widgets" "$checks"
mv "$work/mathjax/package/es5" "$work/vendor/mathjax"
cp "$work"/jupyter-widgets/package/dist/*.{js,woff,woff2,ttf,eot,svg} "$work/vendor/widgets/"
rm -rf "$pages"
mv "$work/vendor" "$pages"
mv "$work/axe-core/package/axe.min.js" "$checks/axe.min.js"
