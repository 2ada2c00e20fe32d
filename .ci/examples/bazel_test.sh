#!/bin/sh
# The scenario folder as a sharded Bazel test; the JSON part is among the test's outputs.
exec rehearse run rehearsals/ --shard auto \
  --report junit="$XML_OUTPUT_FILE" --report json="$TEST_UNDECLARED_OUTPUTS_DIR/part-$TEST_SHARD_INDEX.json"
