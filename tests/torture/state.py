"""The results of a long run so far: one JSON object a line, appended at once, so that a stopped run continues where it was.
A truncated last line, left by a kill, is skipped."""
import json
import os


class State:
    def __init__(self, path, fresh=False):
        self.path = path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if fresh and os.path.exists(path):
            os.remove(path)
        self.records = list(self._read())

    def _read(self):
        if not os.path.exists(self.path):
            return
        with open(self.path, encoding="utf-8") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue

    def add(self, record):
        self.records.append(record)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record, sort_keys=True) + "\n")

    def drop(self, unwanted):
        """Forgets the records for which `unwanted` is true."""
        self.records = [one for one in self.records if not unwanted(one)]
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(one, sort_keys=True) + "\n" for one in self.records)
        os.replace(self.path + ".new", self.path)
