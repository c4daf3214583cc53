"""`skewless build --explain`: what a build would do, told before it is done."""
