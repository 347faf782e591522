"""Pages for people in the browser, out of the same process as the API: `sociogram serve`."""
