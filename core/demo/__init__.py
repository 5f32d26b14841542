"""The demo company: an invented maker of food and household goods, for trying Utama out."""
