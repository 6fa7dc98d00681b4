"""Words that the names of streets end with."""

from __future__ import annotations

#: Words that end the name of a street and, after a number, are hardly ever anything else.
STREETS = (
    "Street St Avenue Ave Road Rd Lane Ln Drive Dr Boulevard Blvd Court Ct Place Pl Square Sq Terrace Ter Close "
    "Crescent Cres Highway Hwy Parkway Pkwy Circle Cir Trail Trl Mews Alley Aly Expressway Freeway Turnpike Causeway "
    "Bypass Motorway Driveway Esplanade Promenade"
)
#: Other words of the US postal service (Publication 28, C1) and of British streets: after "at", "to" or a comma only.
MORE_STREETS = (
    "Arcade Bend Bluff Bluffs Bottom Branch Bridge Brook Brooks Burg Canyon Cape Center Centers Chase Circles Cliff "
    "Cliffs Common Corner Corners Course Courts Cove Coves Creek Crest Crossing Crossroad Curve Dale Dam Divide "
    "Drives Estate Estates Extension Falls Ferry Field Fields Flat Flats Ford Fords Forest Forge Forges Fork Forks "
    "Fort Garden Gardens Gate Gates Gateway Glen Glens Green Greens Grove Groves Harbor Harbors Haven Heights Hill "
    "Hills Hollow Inlet Island Islands Isle Junction Junctions Key Keys Knoll Knolls Lake Lakes Land Landing Light "
    "Lights Loaf Lock Locks Lodge Loop Mall Manor Manors Meadow Meadows Mill Mills Mission Mount Mountain Mountains "
    "Neck Orchard Oval Overpass Park Parks Pass Passage Path Pike Pine Pines Plain Plains Plaza Point Points Port "
    "Ports Prairie Quay Radial Ramp Ranch Rapid Rapids Rest Ridge Ridges Rise River Roads Route Row Run Shoal Shoals "
    "Shore Shores Skyway Spring Springs Spur Spurs Squares Station Stravenue Strand Stream Streets Summit Throughway "
    "Trace Track Trafficway Tunnel Underpass Union Unions Valley Via Viaduct View Views Village Villages Ville Vista "
    "Walk Walks Wall Way Ways Well Wells Wharf Yard"
)
#: Words that end a street's name, without those that many people have for a family name.
STREET_WORDS = frozenset(f"{STREETS} {MORE_STREETS}".split()) - frozenset(
    "Bend Branch Bridge Brook Brooks Chase Common Court Dale Dr Field Fields Ford Forest Garden Gates Glen Green Hill "
    "Hills Lake Lane Light Lock Mills Mount Parks Park Pike Pine Place Ridge Rivers Rose Row Spring Square St Street "
    "Wall Way Wells Yard".split()
)
