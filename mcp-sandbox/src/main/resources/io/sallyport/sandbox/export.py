def _sallyport_export():
    import json
    variables, left_out = {}, []
    for name, value in list(globals().items()):
        if name.startswith('_') or name in ('inputs', 'result'):
            continue
        try:
            variables[name] = json.loads(json.dumps(value, allow_nan=False))
        except Exception:
            left_out.append(name)
    return {'variables': variables, 'left_out': left_out}


result = _sallyport_export()
del _sallyport_export
