"""Reviews: what buyers say of products and sellers, after they have received what they bought."""

from merx.reviews.errors import (
    AlreadyReviewed,
    BadScore,
    NotBought,
    NotReceived,
    TooManyPictures,
    UnknownPicture,
)
from merx.reviews.events import (
    ProductReviewed,
    SellerReviewed,
)
from merx.reviews.model import MyReviews, ProductReview, ProductReviewPage, Rating
from merx.reviews.review import review_product, review_seller
from merx.reviews.rules import PICTURES_MOST, SCORE_MOST, is_line_reviewable, is_seller_reviewable
from merx.reviews.view import my_reviews, product_rating, product_reviews, seller_rating

__all__ = [
    "PICTURES_MOST",
    "SCORE_MOST",
    "AlreadyReviewed",
    "BadScore",
    "MyReviews",
    "NotBought",
    "NotReceived",
    "ProductReview",
    "ProductReviewPage",
    "ProductReviewed",
    "Rating",
    "SellerReviewed",
    "TooManyPictures",
    "UnknownPicture",
    "is_line_reviewable",
    "is_seller_reviewable",
    "my_reviews",
    "product_rating",
    "product_reviews",
    "review_product",
    "review_seller",
    "seller_rating",
]
