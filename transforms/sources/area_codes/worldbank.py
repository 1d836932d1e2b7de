"""What the World Bank publishes beside countries: groups of them, under three letters that look like a country's."""

from __future__ import annotations

# Source: World Bank API, /v2/country, region "Aggregates" (August 2026: 78), and FCS, which files of 2023 and 2024
# have. The names of the MEA family changed in 2025 (Afghanistan and Pakistan went from SAS to MEA): the letters not.
_AGGREGATES = """
AFE|Africa Eastern and Southern
AFR|Africa
AFW|Africa Western and Central
ARB|Arab World
BEA|East Asia & Pacific (IBRD-only countries)
BEC|Europe & Central Asia (IBRD-only countries)
BHI|IBRD countries classified as high income
BLA|Latin America & the Caribbean (IBRD-only countries)
BMN|Middle East & North Africa (IBRD-only countries)
BSS|Sub-Saharan Africa (IBRD-only countries)
CAA|Sub-Saharan Africa (IFC classification)
CEA|East Asia and the Pacific (IFC classification)
CEB|Central Europe and the Baltics
CEU|Europe and Central Asia (IFC classification)
CLA|Latin America and the Caribbean (IFC classification)
CME|Middle East and North Africa (IFC classification)
CSA|South Asia (IFC classification)
CSS|Caribbean small states
DEA|East Asia & Pacific (IDA-eligible countries)
DEC|Europe & Central Asia (IDA-eligible countries)
DLA|Latin America & the Caribbean (IDA-eligible countries)
DMN|Middle East & North Africa (IDA-eligible countries)
DNS|IDA countries in Sub-Saharan Africa not classified as fragile situations
DSA|South Asia (IDA-eligible countries)
DSF|IDA countries in Sub-Saharan Africa classified as fragile situations
DSS|Sub-Saharan Africa (IDA-eligible countries)
EAP|East Asia & Pacific (excluding high income)
EAR|Early-demographic dividend
EAS|East Asia & Pacific
ECA|Europe & Central Asia (excluding high income)
ECS|Europe & Central Asia
EMU|Euro area
EUU|European Union
FCS|Fragile and conflict affected situations
FXS|IDA countries classified as fragile situations, excluding Sub-Saharan Africa
HIC|High income
HPC|Heavily indebted poor countries (HIPC)
IBB|IBRD, including blend
IBD|IBRD only
IBT|IDA & IBRD total
IDA|IDA total
IDB|IDA blend
IDX|IDA only
INX|Not classified
LAC|Latin America & Caribbean (excluding high income)
LCN|Latin America & Caribbean
LDC|Least developed countries: UN classification
LIC|Low income
LMC|Lower middle income
LMY|Low & middle income
LTE|Late-demographic dividend
MDE|Middle East (developing only)
MEA|Middle East & North Africa
MIC|Middle income
MNA|Middle East & North Africa (excluding high income)
NAC|North America
NAF|North Africa
NRS|Non-resource rich Sub-Saharan Africa countries
NXS|IDA countries not classified as fragile situations, excluding Sub-Saharan Africa
OED|OECD members
OSS|Other small states
PRE|Pre-demographic dividend
PSS|Pacific island small states
PST|Post-demographic dividend
RRS|Resource rich Sub-Saharan Africa countries
SAS|South Asia
SSA|Sub-Saharan Africa (excluding high income)
SSF|Sub-Saharan Africa
SST|Small states
SXZ|Sub-Saharan Africa excluding South Africa
TEA|East Asia & Pacific (IDA & IBRD countries)
TEC|Europe & Central Asia (IDA & IBRD countries)
TLA|Latin America & the Caribbean (IDA & IBRD countries)
TMN|Middle East & North Africa (IDA & IBRD countries)
TSA|South Asia (IDA & IBRD)
TSS|Sub-Saharan Africa (IDA & IBRD countries)
UMC|Upper middle income
WLD|World
XZN|Sub-Saharan Africa excluding South Africa and Nigeria
"""

#: Three letters -> the group's name, the World among them.
AGGREGATES: dict[str, str] = dict(line.split("|", 1) for line in _AGGREGATES.strip().splitlines())
