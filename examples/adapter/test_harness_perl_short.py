"""The Perl adapter of twenty lines keeps the contract."""

import harness_perl_short
from harness.testing import AdapterConformance


class TestPerl(AdapterConformance):
    adapter = "perl"
    plugin = harness_perl_short.adapter
    suffix = ".pl"
    option = "flags"
    changes = (("flags", ["-W"]),)
    program = 'my $sum = 0; $sum += $_ for 1 .. $ARGV[0]; print "$sum\\n";\n'
    wrong = 'print "7\\n";\n'
    failing = "exit 3;\n"
    hanging = "sleep 90;\n"
    broken = "my $sum = ;\n"
    broken_says = "syntax error at"
