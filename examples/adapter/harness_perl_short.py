"""The same adapter by the kit: what is particular to Perl, and nothing else."""

from harness.adapterkit import InterpretedLanguage, LanguageTool


class Perl(InterpretedLanguage):
    """Perl, run from its source."""

    tool = LanguageTool(
        adapter="perl",
        language="Perl",
        names=("perl",),
        option="interpreter",
        install="Debian: apt-get install perl",
        version=("-MConfig", "-e", 'print "$^V $Config{archname}"'),
    )
    suffix = ".pl"
    check = ("-c",)
    empty = "for my $name (@ARGV) { open(my $in, $name) or die $!; 1 while <$in>; }\n"


adapter = Perl()
