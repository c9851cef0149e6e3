"""The desk: a web application, on this machine alone, that shows all that a store tells.

`app` puts it together and guards it; `operations` says how the requests are declared, `openapi` documents them from
that; `index` makes what the store holds quick to ask, `filters` turns what is asked into SQL. The handlers lie in
`events`, `texts`, `pictures`, `readers`, `keeping`, `correcting` and `querying`; `static` is what runs in the browser.
"""
