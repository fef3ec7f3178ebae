#!/usr/bin/env bash
# Fetch what pages need from elsewhere, so that a reader's browser asks this site alone: MathJax
# into book/_vendor; and axe-core, which the browser tests run, into tests/browser/_vendor. Without
# npm, or without the network, says so and leaves MathJax's public copy in use.
set -euo pipefail
cd "$(dirname "$0")/.."
pages=book/_vendor
checks=tests/browser/_vendor
[ -d "$pages/mathjax" ] && [ -f "$checks/axe.min.js" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "npm is not installed: pages will load MathJax from its public copy"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "Fetching MathJax and axe-core with npm ..."
if ! (cd "$work" && npm pack --silent mathjax@3.2.2 axe-core@4.10.3 >/dev/null); then
    echo "npm could not fetch MathJax and axe-core: pages will load MathJax from its public copy"
    exit 0
fi
for name in mathjax axe-core; do
    mkdir "$work/$name"
    tar -xzf "$work/$name"-*.tgz -C "$work/$name"
done
mkdir -p "$pages" "$checks"
rm -rf "$pages/mathjax"
mv "$work/mathjax/package/es5" "$pages/mathjax"
mv "$work/axe-core/package/axe.min.js" "$checks/axe.min.js"
